/**
 * Whether a code is one of a code system or value set, by its right name, and what else there is to say of it. Everything that is wrong is told, each at its
 * place. https://hl7.org/fhir/R4/valueset-operation-validate-code.html, https://hl7.org/fhir/R4/codesystem-operation-validate-code.html
 */
import type { CodeSystem, Coding, Parameters, ValueSet } from '@medplum/fhirtypes';
import type { CodeSystemGraph } from './code-system.ts';
import { compose, type Composition } from './composition.ts';
import type { Member } from './part.ts';
import { asked } from './expand.ts';
import { TxRefusal, type TxIssue } from './issue.ts';
import type { Question } from './question.ts';
import { canonicalOf, type World } from './world.ts';
import { isAbstract, notIn, statusIssues, systemIssues, wordIssues, type Court } from './code-issues.ts';
import { placeOf, subjectOf, type Subject } from './subject.ts';
import { answer, parameters, type Verdict } from './verdict.ts';
import { sameWord, wordsOf } from './words.ts';

/** Answers `ValueSet/$validate-code`. Throws TxRefusal where the question itself cannot be answered. */
export function validateCode(world: World, question: Question, given: ValueSet | undefined): Parameters {
  const subject = subjectOf(question);
  const resource = given ?? asked(world, question);
  const composition = composed(world, question, resource, subject);
  if ('resourceType' in composition) return composition;
  const membershipOnly = question.flag('valueset-membership-only') === true;
  const verdicts = subject.codings.map((coding, at) =>
    judge({ composition, question, subject, membershipOnly, world }, coding, at),
  );
  return answer(subject, verdicts, question, canonicalOf(resource));
}

/** A value set that draws on another which is not at hand: an answer, with the reason, and no refusal. */
function composed(
  world: World,
  question: Question,
  resource: ValueSet,
  subject: Subject,
): Composition | Parameters {
  try {
    return compose({ world, question }, resource);
  } catch (error) {
    if (!(error instanceof TxRefusal) || error.status !== 404) throw error;
    const [coding] = subject.codings;
    const issues = {
      resourceType: 'OperationOutcome' as const,
      issue: [
        {
          ...error.issue,
          extension: [{ ...error.issue.extension![0]!, valueString: 'Unable_to_resolve_value_Set_' }],
        },
      ],
    };
    return parameters([
      ...(subject.kind !== 'codeableConcept' && coding?.code !== undefined
        ? [{ name: 'code', valueCode: coding.code }]
        : []),
      ...(subject.concept ? [{ name: 'codeableConcept', valueCodeableConcept: subject.concept }] : []),
      { name: 'issues', resource: issues },
      { name: 'message', valueString: error.message },
      { name: 'result', valueBoolean: false },
      ...(coding?.system !== undefined ? [{ name: 'system', valueUri: coding.system }] : []),
    ]);
  }
}

/** Answers `CodeSystem/$validate-code`. */
export function validateInSystem(
  world: World,
  question: Question,
  given: CodeSystem | undefined,
): Parameters {
  const url =
    given?.url ??
    question.text('url') ??
    question.text('system') ??
    question.coding('coding')?.system ??
    question.codeableConcept()?.coding?.[0]?.system;
  if (url === undefined) {
    throw new TxRefusal(400, {
      code: 'required',
      text: 'Name the code system: url, or ask at CodeSystem/[id]',
      message: 'CODESYSTEM_NOT_NAMED',
    });
  }
  const subject = subjectOf(question, url);
  const whole: ValueSet = {
    resourceType: 'ValueSet',
    status: 'active',
    compose: {
      include: [
        { system: url, ...(question.text('version') !== undefined && { version: question.text('version') }) },
      ],
    },
  };
  const composition = compose({ world, question }, whole);
  const verdicts = subject.codings.map((coding, at) =>
    judge({ composition, question, subject, membershipOnly: false, world, inSystem: true }, coding, at),
  );
  return answer(subject, verdicts, question, undefined);
}

function judge(court: Court, coding: Coding, at: number): Verdict {
  const { composition, question, subject } = court;
  const place = placeOf(subject, at);
  const code = coding.code ?? '';
  const inferred = coding.system === undefined && subject.kind === 'code' ? infer(court, code) : undefined;
  const system = coding.system ?? inferred;
  if (system === undefined) return withoutSystem(court, coding, place);
  const found = composition.find(system, code, coding.version);
  const best = bestOf(found, coding.display);
  const graph = systemGraph(court, system, coding.version, best);
  const concept = best?.concept ?? graph?.find(code);
  const member =
    best ??
    (concept && graph ? { system, version: graph.version, code: concept.code, concept, graph } : undefined);
  const abstractRefused = best?.concept?.isAbstract === true && question.flag('abstract') === false;
  const isIn = best !== undefined && !abstractRefused;
  const fragment =
    graph !== undefined && graph.content !== 'complete' && !concept && isOpen(composition, system);
  const issues: TxIssue[] = [];
  if (!isIn && !fragment && !court.inSystem) issues.push(notIn(court, { ...coding, system }, place));
  if (!court.membershipOnly)
    issues.push(...systemIssues(court, system, coding, graph, concept !== undefined, place));
  if (abstractRefused) issues.push(isAbstract(system, code, place));
  if (member && !court.membershipOnly) issues.push(...wordIssues(court, member, coding, place));
  if (member && isIn) issues.push(...statusIssues(court, member, coding, place));
  return {
    coding,
    member,
    isIn: isIn || fragment,
    issues,
    system,
    version: member?.version ?? graph?.version,
    ...(!graph && { unknownSystem: coding.version === undefined ? system : `${system}|${coding.version}` }),
  };
}

/** Where the value set takes in several versions, the one whose name fits. */
function bestOf(found: readonly Member[], display: string | undefined): Member | undefined {
  const newest = [...found].sort((a, b) =>
    (b.version ?? '').localeCompare(a.version ?? '', 'en', { numeric: true }),
  );
  if (display === undefined) return newest[0];
  return newest.find((member) => wordsOf(member).some((word) => sameWord(word.value, display))) ?? newest[0];
}

function systemGraph(
  court: Court,
  system: string,
  version: string | undefined,
  member: Member | undefined,
): CodeSystemGraph | undefined {
  return member?.graph ?? court.composition.graphOf(system, version);
}

/** The value set takes in the whole of the system, so that what is not known of it may be in it. */
const isOpen = ({ resource }: Composition, system: string): boolean =>
  (resource.compose?.include ?? []).some((one) => one.system === system && !one.concept && !one.filter);

/** The one system of which the value set has this code. */
function infer({ composition }: Court, code: string): string | undefined {
  const systems = new Set(composition.find(undefined, code).map(({ system }) => system));
  return systems.size === 1 ? [...systems][0] : undefined;
}

function withoutSystem(court: Court, coding: Coding, place: (name?: string) => string): Verdict {
  const isCode = court.subject.kind === 'code';
  const url = canonicalOf(court.composition.resource);
  const reason: TxIssue = isCode
    ? {
        severity: 'error',
        kind: 'cannot-infer',
        text: `The System URI could not be determined for the code '${coding.code ?? ''}' in the ValueSet '${url}', which draws on ${[...court.composition.used.systems].map((one) => `'${one}'`).join(', ') || 'no code system at hand'}`,
        expression: 'code',
        message: 'UNABLE_TO_INFER_CODESYSTEM',
      }
    : {
        severity: 'warning',
        kind: 'invalid-data',
        text: 'Coding has no system. A code with no system has no defined meaning, and it cannot be validated. A system should be provided',
        expression: place(),
        message: 'Coding_has_no_system__cannot_validate',
      };
  return {
    coding,
    member: undefined,
    isIn: false,
    issues: [notIn(court, coding, place), reason],
    system: undefined,
    version: undefined,
  };
}
