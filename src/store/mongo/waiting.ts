/** The line of units that wait to be committed: what a place in it costs, and how groups are taken from its front. */
import { fault } from '../../fhir/model/outcome.ts';
import type { CommitResult, UnitOfWork } from '../ports.ts';

/** A unit whose caller has no answer yet. */
export interface Waiting {
  readonly unit: UnitOfWork;
  readonly bytes: number;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Size of a group; a unit that is larger alone makes a group of its own. */
const GROUP_UNITS = 400;
const GROUP_WRITES = 1_500;
const GROUP_BYTES = 8 << 20;
/** A document of MongoDB has at most 16 MB; the index values of a resource need a part of it. */
const MOST_BODY_BYTES = 14 << 20;

/** Bytes of the bodies of a unit. Throws FhirError `too-large` where one of them cannot be kept. */
export function sizeOf({ writes }: UnitOfWork): number {
  let bytes = 0;
  for (const { type, id, content } of writes) {
    const own = content?.body.length ?? 0;
    if (own > MOST_BODY_BYTES) {
      throw fault('too-large', `${type}/${id} has ${own} bytes; this store keeps at most ${MOST_BODY_BYTES}`);
    }
    bytes += own;
  }
  return bytes;
}

/** Takes from the front what makes a group, at least one; or what may still join one, up to the first unit that does not `fit`. */
export function takeGroup(
  line: Waiting[],
  group: readonly Waiting[] = [],
  fits: (unit: UnitOfWork) => boolean = () => true,
): Waiting[] {
  let units = group.length;
  let writes = group.reduce((sum, { unit }) => sum + unit.writes.length, 0);
  let bytes = group.reduce((sum, one) => sum + one.bytes, 0);
  for (const one of line) {
    writes += one.unit.writes.length;
    bytes += one.bytes;
    const full = units >= GROUP_UNITS || writes > GROUP_WRITES || bytes > GROUP_BYTES;
    if ((units > 0 && full) || !fits(one.unit)) break;
    units++;
  }
  return [...group, ...line.splice(0, units - group.length)];
}
