/** A chart collects the resources of one record (or of the shared network); ids follow from the keys, so any file can point to what another wrote. */
import type { Narrative, Reference, Resource } from '@medplum/fhirtypes';
import { idOf } from './rng.ts';
import type { Key } from './rng.ts';

export interface Chart {
  readonly seed: number;
  /** What sets this chart's ids apart from those of others. */
  readonly scope: readonly Key[];
  readonly resources: Resource[];
}

export const openChart = (seed: number, ...scope: readonly Key[]): Chart => ({ seed, scope, resources: [] });

export interface Dressing {
  /** Canonical of the profile that the resource claims. */
  readonly profile?: string;
  readonly text?: Narrative;
}

type Type = Resource['resourceType'];

const idFor = (chart: Chart, type: Type, key: Key): string => idOf(chart.seed, ...chart.scope, type, key);

/** Adds a resource under a key that is unique for its type in this chart, and returns it as it was added. */
export function put<T extends Resource>(chart: Chart, key: Key, resource: T, dressing: Dressing = {}): T {
  const { profile, text } = dressing;
  const { resourceType, ...rest } = resource;
  const whole = {
    resourceType,
    id: idFor(chart, resourceType, key),
    ...(profile !== undefined && { meta: { profile: [profile] } }),
    ...(text && { text }),
    ...rest,
  } as unknown as T;
  chart.resources.push(whole);
  return whole;
}

/** A reference to what was, or will be, put under the key. */
export function link<T extends Resource>(
  chart: Chart,
  type: T['resourceType'],
  key: Key,
  display?: string,
): Reference<T> {
  const reference = `${type}/${idFor(chart, type, key)}`;
  return { reference, ...(display !== undefined && { display }) };
}
