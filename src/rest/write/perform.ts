/**
 * Performs intents as one unit of work: resolve targets, resolve references, read what is there, judge, commit; and again from the start when
 * somebody else was faster. A create is a transaction of one. https://hl7.org/fhir/R4/http.html#transaction
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { OPEN_ACCESS, scopesOf } from '../../access/context.ts';
import { fault, FhirError, issue } from '../../fhir/model/outcome.ts';
import { REFERENCE } from '../../fhir/search/index-value.ts';
import type { Conflict, Guard, ResourceKey, StoredResource, UnitOfWork, Write } from '../../store/ports.ts';
import type { Context } from '../record.ts';
import type { OnceKey } from '../request.ts';
import { readWithin } from '../visible.ts';
import { resolveBundleReferences } from './bundle-references.ts';
import { judge, type Judgement } from './judge.ts';
import { keyOf, permitsFor, readKnown, requireIntents, strangeReferences, type Permits } from './permit.ts';
import { placed, type Intent } from './intent.ts';
import { doneBefore, onceKey, onceRecord, type Placed } from './once.ts';
import { refuseHiddenOverlaps } from './overlap.ts';
import { resolveTargets, type Target } from './target.ts';
import { auditOf, tellAgain } from './unit-notes.ts';

/** How long a write goes on trying against faster ones before it answers 503. */
const PATIENCE_MS = 10_000;

interface Draft {
  readonly targets: readonly Target[];
  readonly judgements: readonly Judgement[];
  readonly unit: UnitOfWork;
}

/**
 * Performs all intents or none. `intents` is called anew for each attempt, since references in the trees are rewritten in place.
 * `also` are resources that must be there as well (the reads of a transaction). What was done before with the same Idempotency-Key is not done again.
 */
export async function perform(
  context: Context,
  intents: () => readonly Intent[],
  also: readonly ResourceKey[] = [],
): Promise<readonly Placed[]> {
  const key = onceKey(context);
  if (!key) return performNow(context, intents, also);
  const before = await doneBefore(context, key);
  if (before) return tellAgain(context, before);
  try {
    return await performNow(context, intents, also, key);
  } catch (error) {
    // The same request may be here twice at the same time, and the other one was faster.
    const meanwhile = await doneBefore(context, key);
    if (meanwhile) return tellAgain(context, meanwhile);
    throw error;
  }
}

async function performNow(
  context: Context,
  intents: () => readonly Intent[],
  also: readonly ResourceKey[],
  key?: OnceKey,
): Promise<readonly Placed[]> {
  const deadline = Date.now() + PATIENCE_MS;
  for (let attempt = 1; ; attempt++) {
    const quick = attempt === 1 ? await draftByRecall(context, intents(), also) : undefined;
    const draft = quick ?? (await draftUnit(context, intents(), also));
    const unit = key ? { ...draft.unit, once: onceRecord(key, effectsOf(draft, 0)) } : draft.unit;
    const result = isIdle(unit)
      ? { ok: true as const, instant: 0 }
      : await context.record.store.resources.commit(unit);
    if (result.ok) return finish(context, draft, result.instant);
    const kinds = result.conflicts.map(({ kind }) => kind);
    if (kinds.includes('once') || !(kinds.includes('version') || kinds.includes('guard')))
      throw await refusal(context, draft, result.conflicts);
    if (Date.now() > deadline) throw fault('busy', 'Others keep changing the same resources: try again');
    if (attempt > 2) await sleep(Math.random() * Math.min(attempt, 20));
  }
}

const isIdle = (unit: UnitOfWork): boolean => unit.writes.length === 0 && (unit.present?.length ?? 0) === 0;

type Recalled = ReadonlyMap<string, StoredResource>;

/**
 * Drafts by what the store has at hand. Undefined where it has too little, and where that speaks against the write or makes it needless: it may
 * be out of date, which only a commit would tell, so that such an answer must come from a read.
 */
async function draftByRecall(
  context: Context,
  intents: readonly Intent[],
  also: readonly ResourceKey[],
): Promise<Draft | undefined> {
  const recalled = recall(context, intents);
  if (!recalled) return undefined;
  try {
    const draft = await draftUnit(context, intents, also, recalled);
    return draft.judgements.every(({ write }) => write) ? draft : undefined;
  } catch (error) {
    if (error instanceof FhirError) return undefined;
    throw error;
  }
}

function recall({ access, record }: Context, intents: readonly Intent[]): Recalled | undefined {
  const known = intents.filter(({ kind }) => kind !== 'create');
  // A scope is judged in the store, and criteria are searched for there.
  if (known.length === 0 || access !== OPEN_ACCESS || intents.some(({ criteria }) => criteria))
    return undefined;
  const keys = known.flatMap(({ type, id }) => (id === undefined ? [] : [{ type, id }]));
  const found = keys.length === known.length ? record.store.resources.recall(keys) : undefined;
  return found && new Map(found.map((one) => [`${one.type}/${one.id}`, one]));
}

async function draftUnit(
  context: Context,
  intents: readonly Intent[],
  also: readonly ResourceKey[],
  recalled?: Recalled,
): Promise<Draft> {
  requireIntents(context, intents);
  const { targets, guards } = await resolveTargets(context, intents);
  if (targets.some(({ intent }) => intent.place !== '')) await resolveBundleReferences(context, targets);
  const permitted = await permitsFor(context, targets);
  const current = await readCurrent(context, permitted, targets, recalled);
  const judgements = judgeAll(context, permitted, targets, current);
  if (guards.length > 0 && judgements.length > 1) refuseHiddenOverlaps(targets, judgements);
  const unit = unitOf(context, judgements, guards, also);
  const draft = { targets, judgements, unit: { ...unit, ...auditOf(context, targets, judgements, current) } };
  if (context.access !== OPEN_ACCESS) await refuseHidden(context, draft, current, also);
  return draft;
}

/** One bulk read; new ids of creates are known not to be there. */
async function readCurrent(
  context: Context,
  permitted: Permits,
  targets: readonly Target[],
  recalled?: Recalled,
): Promise<readonly (StoredResource | undefined)[]> {
  if (recalled) return targets.map(({ type, id }) => recalled.get(`${type}/${id}`));
  const asked = targets.map((target) =>
    target.id === undefined || (target.intent.kind === 'create' && !target.found) ? undefined : target,
  );
  const keys = asked.flatMap((target) => (target ? [{ type: target.type, id: target.id! }] : []));
  if (keys.length === 0) return asked.map(() => undefined);
  const stored = await (context.access === OPEN_ACCESS
    ? context.record.store.resources.read(keys)
    : readKnown(context, permitted, asked));
  let next = 0;
  return asked.map((target) => (target ? stored[next++] : undefined));
}

/** Judges every intent; all faults are reported, each with its entry, not only the first. */
function judgeAll(
  context: Context,
  permitted: Permits,
  targets: readonly Target[],
  current: readonly (StoredResource | undefined)[],
): Judgement[] {
  const errors: FhirError[] = [];
  const judgements: Judgement[] = [];
  targets.forEach((target, i) => {
    try {
      judgements.push(judge(context, permitted, target, current[i]));
    } catch (error) {
      const known = placed(error, target.intent.place);
      if (!(known instanceof FhirError)) throw known;
      errors.push(known);
    }
  });
  if (errors.length === 0) return judgements;
  throw new FhirError(
    errors[0]!.status,
    errors.slice(0, 100).flatMap((one) => one.issues),
    errors[0]!.headers,
  );
}

function unitOf(
  context: Context,
  judgements: readonly Judgement[],
  guards: readonly Guard[],
  also: readonly ResourceKey[],
): UnitOfWork {
  const writes = judgements.flatMap(({ write }) => (write ? [write] : []));
  const integrity = context.record.rules.referentialIntegrity;
  return { writes, guards, integrity, present: [...also, ...(integrity ? referenced(writes) : [])] };
}

/** Distinct targets of the local references of all writes, without those that the unit itself writes. */
function referenced(writes: readonly Write[]): ResourceKey[] {
  const written = new Set(writes.filter(({ content }) => content).map(({ type, id }) => `${type}/${id}`));
  const targets = new Set<string>();
  for (const { content } of writes) {
    for (const value of content?.index ?? []) {
      if (value.kind === 'key' && value.param === REFERENCE && !written.has(value.key))
        targets.add(value.key);
    }
  }
  return [...targets].map(keyOf);
}

function finish(context: Context, draft: Draft, instant: number): Placed[] {
  if (context.witness && draft.unit.audit) context.witness.committed = true;
  const types = new Set(draft.unit.writes.map(({ type }) => type));
  if (types.size > 0) context.record.written(types);
  return effectsOf(draft, instant);
}

const effectsOf = ({ targets, judgements }: Draft, instant: number): Placed[] =>
  judgements.map(({ effect }, i) => ({ place: targets[i]!.intent.place, effect: effect(instant) }));

/** What the caller may not see counts as missing, before the store is asked what is. */
async function refuseHidden(
  context: Context,
  draft: Draft,
  current: readonly (StoredResource | undefined)[],
  also: readonly ResourceKey[],
): Promise<void> {
  const { judgements, unit } = draft;
  const written = new Set(
    unit.writes.filter(({ content }) => content).map(({ type, id }) => `${type}/${id}`),
  );
  const added = judgements.flatMap(({ write }, i) =>
    write?.content ? [{ index: write.content.index, before: current[i] }] : [],
  );
  const unread = also.filter(({ type, id }) => !written.has(`${type}/${id}`));
  const scope = await scopesOf(
    context.access,
    'read',
    unread.map(({ type }) => type),
  );
  const found = unread.length > 0 ? await readWithin(context, scope, unread) : [];
  const missing = [
    ...unread.filter((_, i) => !found[i]?.body),
    ...(await strangeReferences(context, added, written)),
  ];
  if (missing.length === 0) return;
  throw await refusal(
    context,
    draft,
    missing.map((key) => ({ kind: 'missing', key })),
  );
}

/** The refusal for conflicts that trying again cannot mend. Each names the entry and what to do. */
async function refusal(context: Context, draft: Draft, conflicts: readonly Conflict[]): Promise<FhirError> {
  const some = conflicts.slice(0, 100);
  const shown = await knownReferrers(context, some);
  const issues = some.map((conflict) => {
    if (conflict.kind === 'missing') return dangling(draft, conflict.key);
    if (conflict.kind === 'referenced') return stillReferenced(draft, conflict.key, shown.get(conflict));
    return issue('conflict', 'The resource changed meanwhile');
  });
  const status =
    conflicts[0]?.kind === 'missing'
      ? issues[0]!.code === 'not-found' && isRead(draft, conflicts[0].key)
        ? 404
        : 422
      : 409;
  return new FhirError(status, issues);
}

/** Who refers to what was to be deleted, as far as the caller may know. */
async function knownReferrers(
  context: Context,
  conflicts: readonly Conflict[],
): Promise<ReadonlyMap<Conflict, ResourceKey>> {
  const { view } = context.access;
  // What refers by something that is hidden must not be told by it.
  const referenced = conflicts
    .filter((one) => one.kind === 'referenced')
    .filter(({ by }) => !view?.of(by.type));
  const keys = referenced.map(({ by }) => by);
  if (keys.length === 0) return new Map();
  const types = keys.map(({ type }) => type);
  const found = await readWithin(context, await scopesOf(context.access, 'read', types), keys);
  return new Map(referenced.filter((_, i) => found[i]).map((one) => [one, one.by]));
}

/** Whether a missing resource was asked for by a read of the transaction, not by a reference. */
function isRead(draft: Draft, key: ResourceKey): boolean {
  return writerOf(draft, key) === undefined;
}

function writerOf(draft: Draft, key: ResourceKey): number | undefined {
  const text = `${key.type}/${key.id}`;
  const at = draft.judgements.findIndex(({ write }) =>
    write?.content?.index.some(
      (value) => value.kind === 'key' && value.param === REFERENCE && value.key === text,
    ),
  );
  return at < 0 ? undefined : at;
}

function dangling(draft: Draft, key: ResourceKey): ReturnType<typeof issue> {
  const name = `${key.type}/${key.id}`;
  const at = writerOf(draft, key);
  if (at === undefined) return issue('not-found', `There is no ${name}`);
  const { intent, type } = draft.targets[at]!;
  const before = intent.place === '' ? '' : `${intent.place}: `;
  return issue(
    'dangling',
    `${before}the ${type} refers to ${name}, which does not exist: create it first, or in the same transaction`,
    intent.place || type,
  );
}

function stillReferenced(
  draft: Draft,
  key: ResourceKey,
  by: ResourceKey | undefined,
): ReturnType<typeof issue> {
  const at = draft.targets.find(({ type, id }) => type === key.type && id === key.id);
  const text = `${key.type}/${key.id} is still referred to by ${by ? `${by.type}/${by.id}` : 'another resource'}: delete or change that first, or in the same transaction`;
  return issue('referenced', text, ...(at?.intent.place ? [at.intent.place] : []));
}
