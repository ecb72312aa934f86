/** The parts of which a value set is put together: a plain list, the codes of a grammar, and the tests of a filter. https://hl7.org/fhir/R4/valueset.html#compositions */
import type {
  ValueSetComposeInclude,
  ValueSetComposeIncludeConcept,
  ValueSetExpansionContains,
} from '@medplum/fhirtypes';
import type { CodeSystemGraph, Concept } from './code-system.ts';
import type { IndexedGraph } from './concept-index.ts';
import type { ConceptSet } from './concept-set.ts';
import { filterTest, type ConceptTest } from './filter.ts';
import { TxRefusal } from './issue.ts';

/** One code of a value set. */
export interface Member {
  readonly system: string;
  readonly version: string | undefined;
  readonly code: string;
  readonly concept: Concept | undefined;
  readonly graph: CodeSystemGraph | undefined;
  /** what the value set itself says of the code */
  readonly listed?: ValueSetComposeIncludeConcept;
  /** of a stored expansion */
  readonly contains?: ValueSetExpansionContains;
}

/** Members of one imported code system. */
export interface IndexedMembers {
  readonly graph: IndexedGraph;
  readonly set: ConceptSet;
}

/** One include or exclude. */
export interface Part {
  find(system: string | undefined, code: string): readonly Member[];
  members(): Iterable<Member>;
  readonly isTree: boolean;
  /** all of it as a set of one imported code system; undefined: it is not known as one */
  indexed?(): IndexedMembers | undefined;
}

export function grammarPart(url: string, grammar: (code: string) => boolean): Part {
  return {
    isTree: false,
    find: (system, code) =>
      (system === undefined || system === url) && grammar(code)
        ? [{ system: url, version: undefined, code, concept: undefined, graph: undefined }]
        : [],
    members: () => {
      const text = `The code system ${url} is a grammar: its codes cannot be listed. Check single codes by $validate-code instead`;
      throw new TxRefusal(422, { code: 'too-costly', text, message: 'VALUESET_TOO_COSTLY' });
    },
  };
}

/** Throws TxRefusal for a filter that cannot be judged: what it would let through is not known. */
export function testOf(
  graph: CodeSystemGraph,
  filter: NonNullable<ValueSetComposeInclude['filter']>[number],
  expression: string,
): ConceptTest {
  const { property, op, value } = filter;
  const name = `The system ${graph.url} filter with property = ${property}, op = ${op}`;
  if (value === undefined || value === '') {
    const message = 'UNABLE_TO_HANDLE_SYSTEM_FILTER_WITH_NO_VALUE';
    throw new TxRefusal(422, {
      code: 'invalid',
      type: 'vs-invalid',
      text: `${name} has no value`,
      message,
      expression,
    });
  }
  const test = filterTest(graph, filter);
  if (test) return test;
  const text = `${name}, value = ${value.slice(0, 200)} cannot be evaluated here: it is none that this server knows, or its expression could take for ever`;
  throw new TxRefusal(422, {
    code: 'not-supported',
    type: 'vs-invalid',
    text,
    message: 'FILTER_NOT_UNDERSTOOD',
    expression,
  });
}

/** A plain list. */
export function fixed(members: readonly Member[], foldsCase = false): Part {
  const fold = (code: string): string => (foldsCase ? code.toLowerCase() : code);
  const byCode = new Map<string, Member[]>();
  for (const member of members) {
    const known = byCode.get(fold(member.code));
    if (known) known.push(member);
    else byCode.set(fold(member.code), [member]);
  }
  return {
    isTree: false,
    find: (system, code) =>
      (byCode.get(fold(code)) ?? []).filter((one) => system === undefined || one.system === system),
    members: () => members,
  };
}
