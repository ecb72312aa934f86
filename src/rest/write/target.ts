/**
 * Which resource each intent is about: ids of the URL, new ids, or what the criteria of a conditional interaction match; and the rule of
 * transactions that no two entries may be about the same one. https://hl7.org/fhir/R4/http.html#trules
 */
import { uuidv7 } from './uuid.ts';
import { fault } from '../../fhir/model/outcome.ts';
import type { Guard, ResourceKey } from '../../store/ports.ts';
import type { Context } from '../record.ts';
import { matchCriteria, MOST_MATCHES, type Matched } from './criteria.ts';
import { atPlace, type Intent } from './intent.ts';

export interface Target {
  readonly intent: Intent;
  readonly type: string;
  /** undefined: the intent turns out to be about nothing (a conditional delete without a match) */
  readonly id?: string;
  /** a conditional create that found its resource: nothing is written */
  readonly found?: boolean;
  /** the condition under which the intent came to this target */
  readonly guard?: Guard;
  /** there must not be such a resource yet: a conditional update without a match that brings its own id */
  readonly fresh?: boolean;
}

export interface Targets {
  readonly targets: readonly Target[];
  readonly guards: readonly Guard[];
}

/** Resolves all intents. Searches of conditional intents run together. Throws FhirError 412 for several matches, 400 for overlaps. */
export async function resolveTargets(context: Context, intents: readonly Intent[]): Promise<Targets> {
  const matched = await Promise.all(intents.map((intent) => matchesOf(context, intent)));
  const deleted = deletedKeys(intents, matched);
  const targets = intents.flatMap((intent, i) => {
    const guard = matched[i]?.guard;
    const found = atPlace(intent.place, () => targetsOf(context, intent, matched[i], deleted));
    return guard ? found.map((target) => ({ ...target, guard })) : found;
  });
  refuseOverlaps(targets);
  return { targets, guards: matched.flatMap((one) => (one ? [one.guard] : [])) };
}

async function matchesOf(context: Context, intent: Intent): Promise<Matched | undefined> {
  if (intent.criteria === undefined) return undefined;
  const most =
    intent.kind === 'delete' && context.record.rules.conditionalDelete === 'multiple' ? MOST_MATCHES : 1;
  try {
    return await matchCriteria(context, intent.type, intent.criteria, most);
  } catch (error) {
    return atPlace(intent.place, () => {
      throw error;
    });
  }
}

/** Deletes come first in a transaction: what they take away is no match for the others. */
function deletedKeys(intents: readonly Intent[], matched: readonly (Matched | undefined)[]): Set<string> {
  const keys = intents.flatMap((intent, i) => {
    if (intent.kind !== 'delete') return [];
    return intent.id === undefined
      ? (matched[i]?.matches ?? []).map(keyText)
      : [keyText({ type: intent.type, id: intent.id })];
  });
  return new Set(keys);
}

const keyText = (key: ResourceKey): string => `${key.type}/${key.id}`;

function targetsOf(
  context: Context,
  intent: Intent,
  matched: Matched | undefined,
  deleted: ReadonlySet<string>,
): Target[] {
  if (!matched) return [{ intent, type: intent.type, id: intent.id ?? uuidv7() }];
  if (intent.kind === 'delete') return deleteTargets(context, intent, matched);
  const matches = matched.matches.filter((key) => !deleted.has(keyText(key)));
  if (matches.length > 1) throw several(intent);
  return [conditionalTarget(intent, matches[0])];
}

function several(intent: Intent): Error {
  return fault(
    'multiple-matches',
    `The condition "${intent.criteria}" matches more than one ${intent.type}: make it select exactly one`,
  );
}

function deleteTargets(context: Context, intent: Intent, matched: Matched): Target[] {
  const { matches } = matched;
  if (matches.length > 1 && context.record.rules.conditionalDelete === 'single') throw several(intent);
  if (matches.length > MOST_MATCHES) {
    throw fault(
      'too-costly',
      `The condition "${intent.criteria}" matches more than ${MOST_MATCHES} resources: narrow it and repeat`,
    );
  }
  if (matches.length === 0) return [{ intent, type: intent.type }];
  return matches.map(({ type, id }) => ({ intent, type, id }));
}

function conditionalTarget(intent: Intent, match: ResourceKey | undefined): Target {
  const { type } = intent;
  const sent = intent.tree?.['id'];
  if (intent.kind === 'create')
    return match ? { intent, type, id: match.id, found: true } : { intent, type, id: intent.id ?? uuidv7() };
  if (intent.kind === 'patch' && !match) {
    throw fault(
      'not-found',
      `The condition "${intent.criteria}" matches no ${type}: there is nothing to patch`,
    );
  }
  if (!match)
    return typeof sent === 'string'
      ? { intent, type, id: sent, fresh: true }
      : { intent, type, id: uuidv7() };
  if (intent.kind === 'update' && typeof sent === 'string' && sent !== match.id) {
    throw fault(
      'invalid',
      `The condition "${intent.criteria}" matches ${type}/${match.id}, but the resource has id "${sent}": leave the id out or send that of the match`,
      `${type}.id`,
    );
  }
  return { intent, type, id: match.id };
}

/** No two entries may write the same resource, also where only a criterion reveals it. */
function refuseOverlaps(targets: readonly Target[]): void {
  if (targets.length < 2) return;
  const seen = new Map<string, Target>();
  for (const target of targets) {
    if (target.id === undefined || target.found) continue;
    const key = keyText({ type: target.type, id: target.id });
    const first = seen.get(key);
    if (first) {
      throw fault(
        'invalid',
        `${first.intent.place} and ${target.intent.place} are both about ${key}: a transaction may write a resource only once`,
        target.intent.place,
      );
    }
    seen.set(key, target);
  }
  refuseFoundAndWritten(targets, seen);
}

function refuseFoundAndWritten(targets: readonly Target[], written: ReadonlyMap<string, Target>): void {
  for (const target of targets) {
    const other =
      target.found && target.id !== undefined
        ? written.get(keyText({ type: target.type, id: target.id }))
        : undefined;
    if (other && other.intent.kind === 'delete') {
      throw fault(
        'invalid',
        `${target.intent.place} finds the resource that ${other.intent.place} deletes`,
        target.intent.place,
      );
    }
  }
}
