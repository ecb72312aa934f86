/** All that is known of one code. https://hl7.org/fhir/R4/codesystem-operation-lookup.html */
import type { CodeSystem, Coding, Parameters, ParametersParameter } from '@medplum/fhirtypes';
import type { CodeSystemGraph, Concept } from './code-system.ts';
import { declared } from './concept-properties.ts';
import { TxRefusal } from './issue.ts';
import type { Question } from './question.ts';
import { canonicalOf, SUPPLEMENT_OF, type World } from './world.ts';
import { displayOf, PREFERRED, wordsOf } from './words.ts';

/** Throws TxRefusal 404 for a code system or code that is not known. */
export function lookup(world: World, question: Question, given: CodeSystem | undefined): Parameters {
  const { graph, concept, supplements } = conceptOf(world, question, given);
  const member = { system: graph.url, version: graph.version, code: concept.code, concept, graph };
  const asked = question.texts('property');
  const wants = (name: string): boolean => asked.length === 0 || asked.includes('*') || asked.includes(name);
  const display = displayOf(member, question.languages)?.value ?? concept.display;
  const parameter: ParametersParameter[] = [
    { name: 'abstract', valueBoolean: concept.isAbstract },
    { name: 'code', valueCode: concept.code },
    ...(concept.definition !== undefined && wants('definition')
      ? [{ name: 'definition', valueString: concept.definition }]
      : []),
    ...(wants('designation')
      ? wordsOf(member).map(({ value, language, designation }) =>
          designationPart(value, language, designation),
        )
      : []),
    ...(display !== undefined ? [{ name: 'display', valueString: display }] : []),
    { name: 'name', valueString: graph.resource.name ?? graph.resource.title ?? graph.url },
    ...properties(graph, concept, asked),
    { name: 'system', valueUri: graph.url },
    ...supplements.map((valueCanonical) => ({ name: 'used-supplement', valueCanonical })),
    ...(graph.version !== undefined ? [{ name: 'version', valueString: graph.version }] : []),
  ];
  return { resourceType: 'Parameters', parameter };
}

interface FoundConcept {
  readonly graph: CodeSystemGraph;
  readonly concept: Concept;
  readonly supplements: readonly string[];
}

export function conceptOf(
  world: World,
  question: Question,
  given: CodeSystem | undefined,
  coding = codingOf(question),
): FoundConcept {
  const system = given?.url ?? coding.system;
  if (system === undefined || coding.code === undefined) {
    const text = 'Name the code: system and code, or coding';
    throw new TxRefusal(400, { code: 'required', text, message: 'CODE_NOT_NAMED' });
  }
  const asked = question.texts('useSupplement');
  const found = world.codeSystem(system, coding.version ?? question.text('version'));
  if (!found) throw unknownSystem(system, coding.version);
  const graph = world.supplemented(found, asked);
  const concept = graph.find(coding.code);
  if (!concept) throw unknownCode(graph, coding.code);
  return { graph, concept, supplements: asked.map((one) => canonicalOf(world.supplement(one)!)) };
}

function codingOf(question: Question): Coding {
  const [system, code] = [question.text('system'), question.text('code')];
  return (
    question.coding('coding') ?? {
      ...(system !== undefined && { system }),
      ...(code !== undefined && { code }),
    }
  );
}

export function unknownSystem(system: string, version: string | undefined): TxRefusal {
  const named = version === undefined ? `'${system}'` : `'${system}' version '${version}'`;
  const text = `A definition for CodeSystem ${named} could not be found: load a package that has it, POST it as a CodeSystem, or import its release`;
  return new TxRefusal(404, { code: 'not-found', type: 'not-found', text, message: 'UNKNOWN_CODESYSTEM' });
}

function unknownCode(graph: CodeSystemGraph, code: string): TxRefusal {
  const at = graph.version === undefined ? '' : ` version '${graph.version}'`;
  const text = `Unknown code '${code}' in the CodeSystem '${graph.url}'${at}`;
  return new TxRefusal(404, {
    code: 'not-found',
    type: 'invalid-code',
    text,
    message: 'Unknown_Code_in_Version',
  });
}

function designationPart(
  value: string,
  language: string | undefined,
  designation: ReturnType<typeof wordsOf>[number]['designation'],
): ParametersParameter {
  const use = designation ? designation.use : PREFERRED;
  const source = designation?.extension?.find(({ url }) => url === SUPPLEMENT_OF)?.valueUri;
  return {
    name: 'designation',
    part: [
      ...(language !== undefined ? [{ name: 'language', valueCode: language }] : []),
      ...(use !== undefined ? [{ name: 'use', valueCoding: use }] : []),
      ...(source !== undefined ? [{ name: 'source', valueCanonical: source }] : []),
      { name: 'value', valueString: value },
    ],
  };
}

function properties(
  graph: CodeSystemGraph,
  concept: Concept,
  asked: readonly string[],
): ParametersParameter[] {
  const wants = (name: string): boolean => asked.includes('*') || asked.includes(name);
  const part = (code: string, value: object, description?: string): ParametersParameter => ({
    name: 'property',
    part: [
      { name: 'code', valueCode: code },
      ...(description !== undefined ? [{ name: 'description', valueString: description }] : []),
      { name: 'value', ...value },
    ],
  });
  const own = declared(concept).filter(({ code }) => !['parent', 'child', 'inactive'].includes(code));
  return [
    ...(asked.length === 0 || wants('inactive')
      ? [part('inactive', { valueBoolean: concept.isInactive })]
      : []),
    ...(wants('parent')
      ? concept.parents.map(({ code, display }) => part('parent', { valueCode: code }, display))
      : []),
    ...(wants('child')
      ? concept.children.map(({ code, display }) => part('child', { valueCode: code }, display))
      : []),
    ...own
      .filter(({ code }) => wants(code))
      .map(({ code, value }) => part(code, value, described(graph, value))),
  ];
}

/** A property that names a code of the same system is told with its name. */
function described(
  graph: CodeSystemGraph,
  { valueCode }: Readonly<Record<string, unknown>>,
): string | undefined {
  return typeof valueCode === 'string' ? graph.find(valueCode)?.display : undefined;
}
