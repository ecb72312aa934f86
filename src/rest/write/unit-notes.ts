/** What a unit of work does, as notes that are kept in its commit: one for each kind of change and patients, so that no note mixes records. */
import type { AuditNote, Happening } from '../../access/audit/note.ts';
import type { StoredResource, UnitOfWork } from '../../store/ports.ts';
import { whole } from '../masked.ts';
import type { Context } from '../record.ts';
import type { Told } from '../told.ts';
import { patientsOf, split } from '../witness.ts';
import type { Effect } from './intent.ts';
import type { Judgement } from './judge.ts';
import type { Placed } from './once.ts';
import type { Target } from './target.ts';

interface Group {
  readonly happening: Happening;
  readonly told: Told[];
}

/** `audit` of the unit; nothing where nothing is written, since then the answer is noted. */
export function auditOf(
  { record, access, request, witness }: Context,
  targets: readonly Target[],
  judgements: readonly Judgement[],
  current: readonly (StoredResource | undefined)[],
): Pick<UnitOfWork, 'audit'> {
  if (!witness) return {};
  if (!judgements.some(({ write }) => write)) {
    witness.told.splice(0, Infinity, ...judgements.flatMap(unchanged));
    return {};
  }
  const groups = new Map<string, Group>();
  judgements.forEach((judgement, i) => {
    const { intent } = targets[i]!;
    for (const one of toldBy(judgement, current[i])) {
      const happening = intent.kind === 'update' && one.versionId === 1 ? 'create' : intent.kind;
      const name = judgements.length === 1 ? '' : [happening, ...patientsOf(one)].join(' ');
      const group = groups.get(name);
      if (group) group.told.push(one);
      else groups.set(name, { happening, told: [one] });
    }
  });
  const { who, purpose } = access;
  const base = {
    at: Date.now(),
    outcome: 'done',
    who,
    requestId: request.id,
    ...(purpose !== undefined && { purpose }),
  } as const;
  const notes = [...groups.values()].flatMap(({ happening, told }): AuditNote[] =>
    split({ ...base, happening }, told),
  );
  const audit = record.audit.page(notes);
  return audit ? { audit } : {};
}

function toldBy(judgement: Judgement, current: StoredResource | undefined): Told[] {
  const { write } = judgement;
  if (!write) return unchanged(judgement);
  const { type, id, versionId, content } = write;
  return [
    {
      type,
      id,
      versionId,
      ...(content && { body: content.body }),
      ...(current?.body && { before: whole(current).body! }),
    },
  ];
}

/** What was done before and is told again. */
export function tellAgain({ witness }: Context, placed: readonly Placed[]): readonly Placed[] {
  witness?.told.push(...placed.flatMap(({ effect }) => toldOf(effect)));
  return placed;
}

/** What an intent met that left everything as it was. */
const unchanged = ({ effect }: Judgement): Told[] => toldOf(effect(0));

function toldOf({ type, id, versionId, body }: Effect): Told[] {
  return id === undefined
    ? []
    : [{ type, id, ...(versionId !== undefined && { versionId }), ...(body && { body: body() }) }];
}
