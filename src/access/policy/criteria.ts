/**
 * The criteria of a rule: FHIR search text with placeholders -> an Expression. Chains and `_has` are answered by searches of the server's own, under no
 * scope: they are the rule, not a request. https://hl7.org/fhir/R4/search.html
 */
import type { Definitions } from '../../fhir/definitions/registry.ts';
import { FhirError } from '../../fhir/model/outcome.ts';
import { answerJoins, type Branch } from '../../fhir/search/answer.ts';
import { isControl } from '../../fhir/search/control.ts';
import { ALL, NONE, type Expression } from '../../fhir/search/expression.ts';
import { isInclude } from '../../fhir/search/include.ts';
import { parseSearch } from '../../fhir/search/parse.ts';
import { searchPlan } from '../../fhir/search/plan.ts';
import { hasJoins, isJoin, type Asked, type Question } from '../../fhir/search/question.ts';
import type { TenantStore } from '../../store/ports.ts';
import { believed } from './believed.ts';
import { PLACEHOLDERS, type Placeholder } from './rule.ts';

const PLACEHOLDER = /\{([^{}]*)\}/g;

/** What each placeholder stands for now, as references; empty: nothing. */
export type Standing = (placeholder: Placeholder) => Promise<readonly string[]>;

/** What is wrong with criteria, whoever they are for. */
export function checkCriteria(
  definitions: Definitions,
  types: readonly string[],
  text: string,
): readonly string[] {
  const strange = [...text.matchAll(PLACEHOLDER)]
    .map(([, name]) => name!)
    .filter((name) => !isPlaceholder(name));
  if (strange.length > 0)
    return [`{${strange[0]!.slice(0, 40)}} is none of ${PLACEHOLDERS.map((one) => `{${one}}`).join(', ')}`];
  try {
    for (const type of types)
      questionOf(
        definitions,
        type,
        filledWith(text, (name) => SAMPLES[name]),
      );
    return [];
  } catch (error) {
    if (error instanceof FhirError) return error.issues.map(({ diagnostics }) => diagnostics);
    throw error;
  }
}

const isPlaceholder = (name: string): name is Placeholder =>
  (PLACEHOLDERS as readonly string[]).includes(name);

/** Something of the kind that a placeholder stands for, to see whether criteria can be understood. */
const SAMPLES: Readonly<Record<Placeholder, string>> = {
  me: 'Practitioner/1',
  'my-patient': 'Patient/1',
  'my-organizations': 'Organization/1',
  'my-locations': 'Location/1',
  'my-roles': 'PractitionerRole/1',
};

/**
 * What criteria ask of a type of resource. Where a placeholder stands for nothing they hold for nothing, whatever stands around it: `:not` of nothing
 * would be everything. Throws FhirError for criteria that cannot be understood, or whose joins find too much.
 */
export async function criteriaExpression(
  definitions: Definitions,
  store: TenantStore,
  type: string,
  text: string,
  standing: Standing,
): Promise<Expression> {
  const filled = await fill(text, standing);
  if (filled === undefined) return NONE;
  const where = questionOf(definitions, type, filled);
  if (!hasJoins(where)) return where as Expression;
  const name = `criteria ${definitions.generation} ${type}?${filled}`;
  return believed(store, name, typesIn(where), async () => {
    const [branch] = await answerJoins([{ type, where }], (branches, wanted) =>
      store.resources.keys({ ...wanted, plan: searchPlan({ branches, count: 1 }, () => ALL) }),
    );
    return branch!.where;
  });
}

async function fill(text: string, standing: Standing): Promise<string | undefined> {
  const names = new Set([...text.matchAll(PLACEHOLDER)].map(([, name]) => name as Placeholder));
  const values = new Map<string, string>();
  for (const name of names) {
    const found = await standing(name);
    if (found.length === 0) return undefined;
    values.set(name, found.join(','));
  }
  return filledWith(text, (name) => values.get(name)!);
}

/** A pair whose value is ids, of the resource itself or at the end of a chain. */
const BY_ID = /(?:^|[.:])_id(?::not)?$/;

/** `value` gives references, separated by commas; ids take them without their type. */
function filledWith(text: string, value: (name: Placeholder) => string): string {
  const pairs = text.split('&').map((pair) => {
    const isId = BY_ID.test(pair.slice(0, Math.max(pair.indexOf('='), 0)));
    return pair.replace(PLACEHOLDER, (_all, name: Placeholder) =>
      isId ? value(name).replaceAll(/[A-Za-z]+\//g, '') : value(name),
    );
  });
  return pairs.join('&');
}

const MOST_KNOWN = 5000;
const questions = new WeakMap<Definitions, Map<string, Question>>();

function questionOf(definitions: Definitions, type: string, text: string): Question {
  let known = questions.get(definitions);
  if (!known) questions.set(definitions, (known = new Map<string, Question>()));
  const name = `${type}?${text}`;
  let question = known.get(name);
  if (!question) {
    question = parse(definitions, type, text);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(name, question);
  }
  return question;
}

function parse(definitions: Definitions, type: string, text: string): Question {
  const parameters = pairsOf(text);
  const shaping = parameters.find(
    ([name]) => isControl(name) || isInclude(name) || /^_(?:format|pretty|type)$/.test(name),
  );
  if (shaping) throw new FhirError(400, [problem(`${shaping[0]} says how results come, not which`)]);
  // Its meaning would change with the clock, and what is believed would not.
  const clock = parameters.find(
    ([name, value]) => /(?:^|,)ap\d/.test(value) && /date|period|time|updated/i.test(name),
  );
  if (clock) throw new FhirError(400, [problem(`${clock[0]} measures from now (ap), which criteria cannot`)]);
  const parsed = parseSearch(definitions, {
    now: 0,
    types: [type],
    parameters,
    handling: 'strict',
    baseUrl: '',
  });
  const errors = parsed.issues.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new FhirError(400, errors);
  if (parsed.used.length !== parameters.length || parsed.branches.length !== 1)
    throw new FhirError(400, [
      problem(`"${text.slice(0, 100)}" cannot be understood as a search of ${type}`),
    ]);
  return parsed.branches[0]!.where;
}

const problem = (diagnostics: string): { severity: 'error'; code: string; diagnostics: string } => ({
  severity: 'error',
  code: 'invalid',
  diagnostics,
});

function pairsOf(text: string): (readonly [string, string])[] {
  const bare = text.replace(/^\?/, '');
  const pairs = bare.split('&').map((pair): readonly [string, string] => {
    const at = pair.indexOf('=');
    if (at < 1 || at === pair.length - 1)
      throw new FhirError(400, [problem(`"${pair.slice(0, 80)}" is not a search parameter and its value`)]);
    return [decoded(pair.slice(0, at)), decoded(pair.slice(at + 1))];
  });
  return pairs;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new FhirError(400, [problem(`"${text.slice(0, 80)}" is not percent-encoded UTF-8`)]);
  }
}

/** The types of resources that the answer of joins depends on. */
function typesIn(question: Question, found = new Set<string>()): Set<string> {
  if (isJoin(question)) {
    const branches: readonly Asked[] =
      question.op === 'chain' ? question.branches : question.op === 'has' ? [question.branch] : [];
    if (question.op === 'tree') found.add(question.of);
    for (const { type, where } of branches) {
      found.add(type);
      typesIn(where, found);
    }
  } else if (question.op === 'and' || question.op === 'or')
    for (const part of question.of) typesIn(part, found);
  else if (question.op === 'not') typesIn(question.of, found);
  return found;
}

/** Most patients whose records one rule opens; with more it opens none. */
export const MOST_PATIENTS = 10_000;

/** Bare ids of the patients that a search finds. Throws FhirError `too-costly` for more than are taken. */
export async function patientsOf(
  definitions: Definitions,
  store: TenantStore,
  text: string,
  standing: Standing,
): Promise<readonly string[]> {
  const where = await criteriaExpression(definitions, store, 'Patient', text, standing);
  if (where.op === 'none') return [];
  if (where.op === 'id') return where.ids;
  const name = `patients ${definitions.generation} ${JSON.stringify(where)}`;
  const branches: Branch[] = [{ type: 'Patient', where }];
  return believed(store, name, new Set(['Patient']), async () => {
    const plan = searchPlan({ branches, count: 1 }, () => ALL);
    const keys = await store.resources.keys({ plan, most: MOST_PATIENTS + 1 });
    if (keys.length > MOST_PATIENTS)
      throw new FhirError(400, [
        {
          ...problem(
            `patients finds more than ${MOST_PATIENTS} patients: narrow it, or name types and criteria`,
          ),
          code: 'too-costly',
        },
      ]);
    return keys.map((key) => key.slice('Patient/'.length));
  });
}
