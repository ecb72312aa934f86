/** The port of imported code systems: whole releases, kept beside the tenants (docs/adr/0037). */
import type { ImportedSystems } from '../fhir/terminology/concept-index.ts';

/** A release of a large code system: SNOMED CT, LOINC … */
export interface ReleaseHead {
  /** canonical of the code system */
  readonly system: string;
  readonly version: string;
  readonly title: string;
  /** of its displays, BCP-47 */
  readonly language: string;
  readonly isCaseSensitive: boolean;
  readonly copyright?: string;
  /** properties that its concepts have: code -> what it says */
  readonly properties?: readonly ReleaseProperty[];
}

export interface ReleaseProperty {
  readonly code: string;
  readonly description?: string;
  readonly type: 'code' | 'string' | 'boolean' | 'decimal' | 'dateTime' | 'Coding';
}

export interface Release extends ReleaseHead {
  readonly id: string;
  readonly concepts: number;
  /** ms since 1970 */
  readonly imported: number;
  readonly bytes: number;
}

export interface NewConcept {
  readonly code: string;
  /** absent: the first of its names is shown */
  readonly display?: string;
  readonly isInactive?: boolean;
  readonly isAbstract?: boolean;
  readonly definition?: string;
  /** property, value; kept by value as well, so that filters find them */
  readonly properties?: readonly (readonly [property: string, value: string])[];
  /** the same, kept for `$lookup` only: a text of its own for each concept */
  readonly remarks?: readonly (readonly [property: string, value: string])[];
}

/** Takes in a release piece by piece; nothing of it is visible before `finish`. Concepts are numbered from 0 as they come. */
export interface ReleaseBuilder {
  concept(concept: NewConcept): number;
  /** `rank`: the lowest of a concept is its display */
  designation(concept: number, rank: number, language: string, use: string, value: string): void;
  parent(child: number, parent: number): void;
  relationship(source: number, type: number, target: number, group: number): void;
  concrete(source: number, type: number, value: string, group: number): void;
  member(refset: number, concept: number): void;
  /** Makes it visible at once, in place of one of the same system and version. `tell`: what is being done */
  finish(tell?: (step: string) => void): Promise<Release>;
  abandon(): void;
}

/**
 * Imported code systems, shared by all tenants: read-only for requests, several versions side by side. Reads are immediate (the terminology service
 * asks thousands of times a second); a release that is added or removed by another process is noticed within a second.
 */
export interface ConceptStore extends ImportedSystems {
  releases(): readonly Release[];
  begin(head: ReleaseHead): ReleaseBuilder;
  /** false: there is none of this id */
  remove(id: string): Promise<boolean>;
}
