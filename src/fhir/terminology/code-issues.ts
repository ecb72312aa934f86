/** What there is to say of one code: that it is not in a value set, that its system does not have it, its name, its status. https://hl7.org/fhir/R4/valueset-operation-validate-code.html */
import type { Coding, ValueSet } from '@medplum/fhirtypes';
import type { CodeSystemGraph } from './code-system.ts';
import type { Composition } from './composition.ts';
import { displayIssue } from './display-issue.ts';
import type { TxIssue } from './issue.ts';
import type { Member } from './part.ts';
import type { Question } from './question.ts';
import type { Subject } from './subject.ts';
import { statusOf } from './verdict.ts';
import { canonicalOf, type World } from './world.ts';

/** All that a code is judged by. */
export interface Court {
  readonly composition: Composition;
  readonly question: Question;
  readonly subject: Subject;
  readonly membershipOnly: boolean;
  readonly world: World;
  /** the whole of a code system is asked, no value set */
  readonly inSystem?: boolean;
}

export function notIn(
  { composition, subject }: Court,
  { system = '', version, code = '', display }: Coding,
  place: (name?: string) => string,
): TxIssue {
  const named = `${system}${version === undefined ? '' : `|${version}`}#${code}${display === undefined ? '' : ` ('${display}')`}`;
  return {
    severity: subject.kind === 'codeableConcept' ? 'information' : 'error',
    kind: subject.kind === 'codeableConcept' ? 'this-code-not-in-vs' : 'not-in-vs',
    text: `The provided code '${named}' was not found in the value set '${canonicalOf(composition.resource)}'`,
    expression: place('code'),
    message: 'None_of_the_provided_codes_are_in_the_value_set_one',
  };
}

export function systemIssues(
  court: Court,
  system: string,
  { code = '', version }: Coding,
  graph: CodeSystemGraph | undefined,
  isKnown: boolean,
  place: (name?: string) => string,
): TxIssue[] {
  if (!graph)
    return court.composition.find(system, code).length > 0
      ? []
      : [unknownSystem(court, system, version, place)];
  if (isKnown) return [];
  const at = graph.version === undefined ? '' : ` version '${graph.version}'`;
  if (graph.content !== 'complete') {
    const text = `Unknown Code '${code}' in the CodeSystem '${system}'${at} - note that the code system is labeled as a fragment, so the code may be valid in some other fragment`;
    return [
      {
        severity: 'warning',
        kind: 'invalid-code',
        text,
        expression: place('code'),
        message: 'UNKNOWN_CODE_IN_FRAGMENT',
      },
    ];
  }
  const text = `Unknown code '${code}' in the CodeSystem '${system}'${at}`;
  return [
    {
      severity: 'error',
      kind: 'invalid-code',
      text,
      expression: place('code'),
      message: 'Unknown_Code_in_Version',
    },
  ];
}

function unknownSystem(
  { world }: Court,
  system: string,
  version: string | undefined,
  place: (name?: string) => string,
): TxIssue {
  const others = world.codeSystems(system);
  if (version !== undefined && others.length > 0) {
    const valid = others.map((one) => one.version ?? '').join(', ');
    const text = `A definition for CodeSystem '${system}' version '${version}' could not be found, so the code cannot be validated. Valid versions: ${valid}`;
    return {
      severity: 'error',
      kind: 'not-found',
      text,
      expression: place('system'),
      message: 'UNKNOWN_CODESYSTEM_VERSION',
    };
  }
  const text = `A definition for CodeSystem ${system} could not be found, so the code cannot be validated`;
  return {
    severity: 'error',
    kind: 'not-found',
    text,
    expression: place('system'),
    message: 'UNKNOWN_CODESYSTEM',
  };
}

export const isAbstract = (system: string, code: string, place: (name?: string) => string): TxIssue => ({
  severity: 'error',
  kind: 'code-rule',
  text: `Code '${system}#${code}' is abstract, and not allowed in this context`,
  expression: place('code'),
  message: 'ABSTRACT_CODE_NOT_ALLOWED',
});

export function wordIssues(
  { question, composition }: Court,
  member: Member,
  { code = '', display }: Coding,
  place: (name?: string) => string,
): TxIssue[] {
  const issues: TxIssue[] = [];
  const { concept, graph } = member;
  if (concept && graph && !graph.isCaseSensitive && concept.code !== code) {
    const text = `The code '${code}' differs from the correct code '${concept.code}' by case. Although the code system '${canonicalOf(graph)}' is case insensitive, implementers are strongly encouraged to use the correct case anyway`;
    issues.push({
      severity: 'information',
      kind: 'code-rule',
      text,
      expression: place('code'),
      message: 'CODE_CASE_DIFFERENCE',
    });
  }
  if (display === undefined) return issues;
  const languages = question.languages ?? languageOf(composition.resource);
  const wrong = displayIssue(
    member,
    display,
    languages,
    question.flag('lenient-display-validation') === true,
  );
  return wrong ? [...issues, { ...wrong, expression: place('display') }] : issues;
}

const languageOf = ({ language }: ValueSet): Question['languages'] =>
  language === undefined ? undefined : { text: language, wanted: [language], isHard: false };

const DEPRECATED_IN_SET = 'http://hl7.org/fhir/StructureDefinition/valueset-deprecated';
const STANDARDS_STATUS = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status';

export function statusIssues(
  { composition, inSystem }: Court,
  member: Member,
  _coding: Coding,
  place: (name?: string) => string,
): TxIssue[] {
  const { concept, listed, system, code } = member;
  const issues: TxIssue[] = [];
  const isDeprecated = listed?.extension?.some(
    ({ url, valueBoolean }) => url === DEPRECATED_IN_SET && valueBoolean === true,
  );
  const inSet = isDeprecated
    ? 'deprecated'
    : listed?.extension?.find(({ url }) => url === STANDARDS_STATUS)?.valueCode;
  if (inSet === 'deprecated' || inSet === 'withdrawn') {
    const text = `The presence of the concept '${code}' in the system '${system}' in the value set ${canonicalOf(composition.resource)} is marked with a status of ${inSet} and its use should be reviewed`;
    issues.push({
      severity: 'warning',
      kind: 'code-comment',
      text,
      expression: place('code'),
      message: 'CONCEPT_DEPRECATED_IN_VALUESET',
    });
  }
  if (concept?.isInactive && !inSystem) {
    const status = statusOf(member);
    const text = `The concept '${code}' has a status of ${status === undefined || status === 'inactive' ? 'inactive' : `${status} and inactive`} and its use should be reviewed`;
    issues.push({
      severity: 'warning',
      kind: 'code-comment',
      text,
      expression: place(),
      message: 'INACTIVE_CONCEPT_FOUND',
    });
  }
  return issues;
}
