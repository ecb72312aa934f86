/** The shapes that compiled schemas have, and by which the code that Ajv writes reaches the schemas of other types. */
import type { JsonValue } from '../model/tree.ts';
import type { Flaw } from './flaw.ts';
import type { Format } from './formats.ts';
import type { TypeSchema } from './schema.ts';

/** The core of Ajv, which is loaded when the first schema is compiled. */
export type AjvModule = typeof import('ajv/dist/core.js');

/** Gives whether an object is well-formed, and leaves the flaws in `errors`. */
export interface Check {
  (value: JsonValue): boolean;
  errors?: Flaw[] | null;
}

/** The compiled form of a type. `check` changes when it is first called. */
export interface Cell {
  readonly schema: () => TypeSchema;
  check: Check;
}

export interface Cells {
  /** the cell of a type; the type has to be known */
  of: (type: string) => Cell;
  format: (type: string) => Format;
  /** flaws of an inline resource, null when there are none */
  checkInline: (value: JsonValue, isContained: boolean) => Flaw[] | null;
  /** flaws of what stands beside a primitive: an Element, which may have only an id where there is a value */
  checkSibling: (sibling: JsonValue, value: JsonValue | undefined) => Flaw[] | null;
}
