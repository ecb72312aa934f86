/**
 * A code system that is too large to be held in memory: its concepts are numbers, and questions about many of them are answered by sets. A store keeps it
 * (`ConceptStore` in store/ports.ts); reads are immediate, since a release is a file beside the program.
 */
import type { CodeSystemGraph, Concept } from './code-system.ts';
import type { ConceptSet } from './concept-set.ts';

/** One relationship of a concept; those of one group say something together. `target` is a concept. */
export interface AttributeRow {
  readonly source: number;
  readonly group: number;
  readonly target: number;
}

/** (source, group, target) in turn, by rising source. */
export type AttributeRows = Int32Array;

export interface ConceptIndex {
  /** how many concepts there are; each is a number below it */
  readonly size: number;
  idOf(code: string): number | undefined;
  /** of a number that `idOf` or a set gave */
  concept(id: number): Concept;
  readonly inactive: ConceptSet;
  parents(id: number): readonly number[];
  children(id: number): readonly number[];
  /** all above it, not itself */
  above(id: number): readonly number[];
  /** all below it, not itself */
  below(id: number): ConceptSet;
  /** concepts with children */
  readonly inner: ConceptSet;
  /** each word begins a word of one name of the concept */
  named(words: readonly string[]): ConceptSet;
  /** codes that begin so */
  codesFrom(prefix: string): ConceptSet;
  /** values of a property, each with its concepts; `value` undefined: every value */
  values(property: string, value?: string): Iterable<readonly [value: string, ids: ConceptSet]>;
  /** concepts that stand as type of relationships */
  readonly attributeTypes: readonly number[];
  attribute(type: number): AttributeRows | undefined;
  /** numbers and texts that stand as values of relationships: (source, group) in turn */
  concrete(type: number): Iterable<readonly [value: string, rows: Int32Array]>;
  /** of a reference set */
  members(refset: number): ConceptSet | undefined;
  readonly refsets: readonly number[];
}

export interface IndexedGraph extends CodeSystemGraph {
  readonly index: ConceptIndex;
}

export const isIndexed = (graph: CodeSystemGraph | undefined): graph is IndexedGraph =>
  graph !== undefined && 'index' in graph;

/** What of imported code systems a question may draw on. */
export interface ImportedSystems {
  /** releases of the code system, in any order */
  codeSystems(url: string): readonly IndexedGraph[];
}
