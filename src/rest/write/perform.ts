/**
 * Performs intents as one unit of work: resolve targets, resolve references, read what is there, judge, commit; and again from the start when
 * somebody else was faster. A create is a transaction of one. https://hl7.org/fhir/R4/http.html#transaction
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fault, FhirError, issue } from '../../fhir/model/outcome.ts';
import { REFERENCE } from '../../fhir/search/index-value.ts';
import type { Conflict, Guard, ResourceKey, StoredResource, UnitOfWork, Write } from '../../store/ports.ts';
import type { Context } from '../record.ts';
import { resolveBundleReferences } from './bundle-references.ts';
import { judge, writeScopes, type Judgement, type Scopes } from './judge.ts';
import { placed, type Effect, type Intent } from './intent.ts';
import { refuseHiddenOverlaps } from './overlap.ts';
import { resolveTargets, type Target } from './target.ts';

/** How long a write goes on trying against faster ones before it answers 503. */
const PATIENCE_MS = 10_000;

interface Draft {
  readonly targets: readonly Target[];
  readonly judgements: readonly Judgement[];
  readonly unit: UnitOfWork;
}

export interface Performed {
  readonly intent: Intent;
  readonly effect: Effect;
}

/**
 * Performs all intents or none. `intents` is called anew for each attempt, since references in the trees are rewritten in place.
 * `also` are resources that must be there as well (the reads of a transaction).
 */
export async function perform(
  context: Context,
  intents: () => readonly Intent[],
  also: readonly ResourceKey[] = [],
): Promise<readonly Performed[]> {
  const deadline = Date.now() + PATIENCE_MS;
  for (let attempt = 1; ; attempt++) {
    const draft = await draftUnit(context, intents(), also);
    const result = isIdle(draft.unit)
      ? { ok: true as const, instant: 0 }
      : await context.record.store.resources.commit(draft.unit);
    if (result.ok) return finish(context, draft, result.instant);
    if (!result.conflicts.some(({ kind }) => kind === 'version' || kind === 'guard'))
      throw refusal(draft, result.conflicts);
    if (Date.now() > deadline) throw fault('busy', 'Others keep changing the same resources: try again');
    if (attempt > 2) await sleep(Math.random() * Math.min(attempt, 20));
  }
}

const isIdle = (unit: UnitOfWork): boolean => unit.writes.length === 0 && (unit.present?.length ?? 0) === 0;

async function draftUnit(
  context: Context,
  intents: readonly Intent[],
  also: readonly ResourceKey[],
): Promise<Draft> {
  const { targets, guards } = await resolveTargets(context, intents);
  if (targets.some(({ intent }) => intent.place !== '')) await resolveBundleReferences(context, targets);
  const current = await readCurrent(context, targets);
  const scopes = await writeScopes(context, targets);
  const judgements = judgeAll(context, scopes, targets, current);
  if (guards.length > 0 && judgements.length > 1) refuseHiddenOverlaps(targets, judgements);
  return { targets, judgements, unit: unitOf(context, judgements, guards, also) };
}

/** One bulk read; new ids of creates are known not to be there. */
async function readCurrent(
  context: Context,
  targets: readonly Target[],
): Promise<readonly (StoredResource | undefined)[]> {
  const asked = targets.map(({ intent, id, type, found }) =>
    id === undefined || (intent.kind === 'create' && !found) ? undefined : { type, id },
  );
  const keys = asked.filter((key) => key !== undefined);
  const stored = keys.length > 0 ? await context.record.store.resources.read(keys) : [];
  let next = 0;
  return asked.map((key) => (key ? stored[next++] : undefined));
}

/** Judges every intent; all faults are reported, each with its entry, not only the first. */
function judgeAll(
  context: Context,
  scopes: Scopes,
  targets: readonly Target[],
  current: readonly (StoredResource | undefined)[],
): Judgement[] {
  const errors: FhirError[] = [];
  const judgements: Judgement[] = [];
  targets.forEach((target, i) => {
    try {
      judgements.push(judge(context, scopes, target, current[i]));
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

function keyOf(text: string): ResourceKey {
  const slash = text.indexOf('/');
  return { type: text.slice(0, slash), id: text.slice(slash + 1) };
}

function finish(context: Context, draft: Draft, instant: number): Performed[] {
  const types = new Set(draft.unit.writes.map(({ type }) => type));
  if (types.size > 0) context.record.written(types);
  return draft.judgements.map((judgement, i) => ({
    intent: draft.targets[i]!.intent,
    effect: judgement.effect(instant),
  }));
}

/** The refusal for conflicts that trying again cannot mend. Each names the entry and what to do. */
function refusal(draft: Draft, conflicts: readonly Conflict[]): FhirError {
  const issues = conflicts.slice(0, 100).map((conflict) => {
    if (conflict.kind === 'missing') return dangling(draft, conflict.key);
    if (conflict.kind === 'referenced') return stillReferenced(draft, conflict.key, conflict.by);
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

function stillReferenced(draft: Draft, key: ResourceKey, by: ResourceKey): ReturnType<typeof issue> {
  const at = draft.targets.find(({ type, id }) => type === key.type && id === key.id);
  const text = `${key.type}/${key.id} is still referred to by ${by.type}/${by.id}: delete or change that first, or in the same transaction`;
  return issue('referenced', text, ...(at?.intent.place ? [at.intent.place] : []));
}
