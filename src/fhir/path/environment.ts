/**
 * What an expression may ask of the world around the resource. All of it is given from outside: this wing has no clock, no network and no terminology.
 * https://hl7.org/fhir/R4/fhirpath.html#functions, https://hl7.org/fhirpath/N1/#environment-variables
 */
import { FhirError, issue } from '../model/outcome.ts';
import type { PathNode } from './node.ts';

/** Every part is optional; an expression that needs what is absent throws `NotCheckable`. */
export interface Environment {
  /** `%resource`: the resource that the focus is in, a contained one counts; found by the parents of the focus when absent */
  readonly resource?: PathNode;
  /** `%rootResource`: the outermost resource below Bundle entries and Parameters; found by the parents when absent */
  readonly rootResource?: PathNode;
  /** `%context`: what the evaluation began with; the focus when absent */
  readonly context?: PathNode;
  /** further `%name`s */
  readonly variables?: Readonly<Record<string, readonly PathNode[]>>;
  /** the instant of the evaluation for `now()`, `today()` and `timeOfDay()`: `2024-05-31T14:00:00.000Z` */
  readonly now?: string;
  /** the target of a Reference, canonical or uri; undefined when it cannot be had. Contained resources are found without it. */
  readonly resolve?: (reference: string, from: PathNode) => PathNode | undefined;
  /** undefined: the code system or value set is not at hand */
  readonly memberOf?: (coded: PathNode, valueSet: string) => boolean | undefined;
  readonly subsumes?: (ancestor: PathNode, descendant: PathNode) => boolean | undefined;
  /** undefined: no such profile is known */
  readonly conformsTo?: (node: PathNode, profile: string) => boolean | undefined;
  /** whether the text of a narrative keeps the rules of R4 */
  readonly htmlChecks?: (div: PathNode) => boolean;
  readonly trace?: (name: string, nodes: readonly PathNode[]) => void;
  /** most steps of one evaluation, `MOST_STEPS` when absent; beyond it a FhirError `too-costly` is thrown */
  readonly steps?: number;
  /** steps that are left for many evaluations together, counted down: a validation with thousands of invariants ends too */
  readonly budget?: Budget;
}

export interface Budget {
  left: number;
}

/** Half a second of usual work, at most two of the costliest. */
export const MOST_STEPS = 5_000_000;

/** The expression could not be judged, since something that it asks for is not at hand. Neither true nor false. */
export class NotCheckable extends FhirError {
  constructor(text: string) {
    super(400, [{ ...issue('not-supported', text), severity: 'warning' }]);
    this.name = 'NotCheckable';
  }
}
