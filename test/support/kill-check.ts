/**
 * Looks through a store after kills: what was acknowledged is there whole, with its history, index and job; what is there is whole; the feed
 * is in order. Gives sentences about what is wrong, none when all is well.
 */
import { ALL, type Expression } from '../../src/fhir/search/expression.ts';
import { searchPlan } from '../../src/fhir/search/plan.ts';
import type { StoredResource, TenantStore } from '../../src/store/ports.ts';
import { QUEUE, type Acknowledged, type Told } from './kill-load.ts';

export interface Checked {
  readonly faults: readonly string[];
  readonly versions: number;
  readonly units: number;
  readonly deletes: number;
}

const PAGE = 1000;

/** Everything of the feed, oldest first. */
async function wholeFeed(tenant: TenantStore): Promise<StoredResource[]> {
  const all: StoredResource[] = [];
  for (;;) {
    const page = await tenant.feed.read(all.at(-1)?.seq ?? 0, PAGE);
    if (page.length === 0) return all;
    all.push(...page);
  }
}

const told = ({ body }: StoredResource): Told => JSON.parse(Buffer.from(body!).toString('utf8')) as Told;
const name = ({ type, id, versionId }: { type: string; id: string; versionId: number }): string =>
  `${type}/${id}/${versionId}`;

/** Checks the whole tenant against all that was acknowledged. Claims all jobs, so it is the last look. */
export async function checkAfterKills(
  tenant: TenantStore,
  acknowledged: readonly Acknowledged[],
): Promise<Checked> {
  const feed = await wholeFeed(tenant);
  const faults = [
    ...orderFaults(feed),
    ...wholeFaults(feed),
    ...acknowledgedFaults(feed, acknowledged),
    ...(await currentFaults(tenant, feed)),
    ...(await historyFaults(tenant, feed)),
    ...(await indexFaults(tenant, feed)),
    ...(await jobFaults(tenant, feed)),
  ];
  const deletes = feed.filter(({ body }) => !body).length;
  return { faults, versions: feed.length, units: unitsOf(feed).size, deletes };
}

function orderFaults(feed: readonly StoredResource[]): string[] {
  return feed.slice(1).flatMap((one, i) => {
    const before = feed[i]!;
    const right = one.seq > before.seq && one.instant >= before.instant;
    return right
      ? []
      : [
          `${name(one)} (${one.seq}, ${one.instant}) follows ${name(before)} (${before.seq}, ${before.instant})`,
        ];
  });
}

/** The name of the unit of each version. A tombstone says nothing: it belongs to the unit of the version before it. */
function unitNames(feed: readonly StoredResource[]): string[] {
  let name_ = 'none';
  return feed.map((one) => (name_ = one.body ? told(one).unit : name_));
}

function unitsOf(feed: readonly StoredResource[]): Map<string, StoredResource[]> {
  const units = new Map<string, StoredResource[]>();
  unitNames(feed).forEach((unit, i) => {
    const versions = units.get(unit);
    if (versions) versions.push(feed[i]!);
    else units.set(unit, [feed[i]!]);
  });
  return units;
}

/** No half unit, each with seqs in a row and one instant, which its texts say too. */
function wholeFaults(feed: readonly StoredResource[]): string[] {
  return [...unitsOf(feed)].flatMap(([unit, versions]) => {
    const [first] = versions as [StoredResource];
    const { size } = told(first);
    if (versions.length !== size) return [`of unit ${unit} there are ${versions.length} of ${size}`];
    return versions.flatMap((one, i) => {
      const placed = one.seq === first.seq + i && one.instant === first.instant;
      return placed && saysWhatItIs(one) ? [] : [`${name(one)} of ${unit}: ${one.seq}, ${one.instant}`];
    });
  });
}

function saysWhatItIs(one: StoredResource): boolean {
  if (!one.body) return one.method === 'DELETE';
  const { resourceType, id, meta } = told(one);
  const stamped = meta.lastUpdated === new Date(one.instant).toISOString();
  return stamped && resourceType === one.type && id === one.id && meta.versionId === `${one.versionId}`;
}

function acknowledgedFaults(
  feed: readonly StoredResource[],
  acknowledged: readonly Acknowledged[],
): string[] {
  const names = unitNames(feed);
  const bySeq = new Map(feed.map((one, i) => [one.seq, { ...one, unit: names[i] }]));
  return acknowledged.flatMap(({ unit, firstSeq, instant, writes }) =>
    writes.flatMap((write, i) => {
      const one = bySeq.get(firstSeq + i);
      const there = one && name(one) === name(write) && one.unit === unit && one.instant === instant;
      return there
        ? []
        : [`${name(write)} of ${unit} was acknowledged at ${firstSeq + i}; there is ${one && name(one)}`];
    }),
  );
}

/** Of a tombstone none. */
const bytes = ({ body }: StoredResource): Buffer => Buffer.from(body ?? []);

function lastVersions(feed: readonly StoredResource[]): Map<string, StoredResource> {
  return new Map(feed.map((one) => [`${one.type}/${one.id}`, one]));
}

async function currentFaults(tenant: TenantStore, feed: readonly StoredResource[]): Promise<string[]> {
  const last = [...lastVersions(feed).values()];
  const faults: string[] = [];
  for (let from = 0; from < last.length; from += PAGE) {
    const some = last.slice(from, from + PAGE);
    const found = await tenant.resources.read(some);
    some.forEach((one, i) => {
      const current = found[i];
      const same = current?.seq === one.seq && bytes(current).equals(bytes(one));
      if (!same)
        faults.push(
          `${name(one)} is the last in the feed, but the current one is ${current && name(current)}`,
        );
    });
  }
  return faults;
}

/** Versions of the resources that all processes write: from 1 on without a gap, in history as by number. */
async function historyFaults(tenant: TenantStore, feed: readonly StoredResource[]): Promise<string[]> {
  const shared = [...lastVersions(feed.filter(({ type }) => type === 'Group')).values()];
  const faults: string[] = [];
  for (const { type, id, versionId } of shared) {
    const { versions } = await tenant.resources.history({ type, id, count: versionId + 10 });
    const numbers = versions.map((one) => one.versionId);
    const wanted = Array.from({ length: versionId }, (_, i) => versionId - i);
    if (numbers.join() !== wanted.join()) faults.push(`${type}/${id} has the versions ${numbers.join()}`);
    const some = await tenant.resources.vread({ type, id }, Math.ceil(versionId / 2));
    if (some?.versionId !== Math.ceil(versionId / 2))
      faults.push(`${type}/${id} cannot be read at ${Math.ceil(versionId / 2)}`);
  }
  return faults;
}

async function found(tenant: TenantStore, where: Expression): Promise<string[]> {
  const branches = ['Group', 'Patient'].map((type) => ({ type, where }));
  const names: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await tenant.resources.search(searchPlan({ branches, count: PAGE, after }, () => ALL));
    names.push(...page.resources.map(name));
    after = page.next;
    if (after === undefined) return names.sort();
  }
}

/** By each kind of index value exactly the current versions are found. */
async function indexFaults(tenant: TenantStore, feed: readonly StoredResource[]): Promise<string[]> {
  const current = [...lastVersions(feed).values()].filter(({ body }) => body);
  const faults: string[] = [];
  const compare = async (
    what: string,
    where: Expression,
    wanted: readonly StoredResource[],
  ): Promise<void> => {
    const [is, should] = [(await found(tenant, where)).join(), wanted.map(name).sort().join()];
    if (is !== should) faults.push(`${what}: found ${is.slice(0, 500)}, wanted ${should.slice(0, 500)}`);
  };
  await compare('all', ALL, current);
  const every = Math.max(1, Math.floor(current.length / 200));
  for (const one of current.filter((_, i) => i % every === 0)) {
    const { unit } = told(one);
    const wanted = current.filter((other) => told(other).unit === unit);
    await compare(`key ${unit}`, { op: 'key', param: 'unit', keys: [unit] }, wanted);
    await compare(`text ${unit}`, { op: 'text', param: 'name', test: 'exact', value: unit }, wanted);
  }
  for (const size of [2, 3, 4, 5]) {
    const bounds = [
      { end: 'low', is: '>=', value: size },
      { end: 'high', is: '<=', value: size },
    ] as const;
    const wanted = current.filter((one) => told(one).size === size);
    await compare(`range ${size}`, { op: 'range', param: 'size', key: '', bounds }, wanted);
  }
  return faults;
}

/** One job for each unit that is there. */
async function jobFaults(tenant: TenantStore, feed: readonly StoredResource[]): Promise<string[]> {
  const units: string[] = [];
  for (;;) {
    const jobs = await tenant.jobs.claim([QUEUE], PAGE, 3_600_000, Date.now() + 60_000);
    if (jobs.length === 0) break;
    units.push(...jobs.map(({ payload }) => (payload as { unit: string }).unit));
  }
  const [is, should] = [new Set(units), new Set(unitsOf(feed).keys())];
  const missing = [...should].filter((unit) => !is.has(unit));
  const excess = [...is].filter((unit) => !should.has(unit));
  const twice = units.length - is.size;
  const wrong = missing.length + excess.length + twice > 0;
  return wrong
    ? [`jobs: missing ${missing.slice(0, 5).join()}, in excess ${excess.slice(0, 5).join()}, ${twice} twice`]
    : [];
}
