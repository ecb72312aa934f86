/**
 * Current versions that this thread has read or written last. They may be out of date where other processes or threads write too, so they serve
 * only to draft a write: its commit tells whether the version that it stands on is still the current one.
 */
import type { CommitResult, ResourceKey, StoredResource, UnitOfWork, Write } from '../ports.ts';
import { keyText } from './layout.ts';
import { stamp } from './stamp.ts';

/** Bytes of bodies that are kept for all tenants together, and of one body; a resource costs some 300 bytes more. */
const MOST_BYTES = 16 << 20;
const LARGEST = 64 << 10;
const OVERHEAD = 300;
/** Writes of a unit that are kept; an import would only drive out what is read and changed one by one. */
const FEW = 10;

export interface Memory {
  /** undefined where one of them is not remembered */
  readonly recall: (keys: readonly ResourceKey[]) => readonly StoredResource[] | undefined;
  readonly remember: (resources: Iterable<StoredResource>) => void;
  readonly forget: (key: ResourceKey) => void;
}

/** One memory for all tenants, so that its bound does not grow with them; gives the part of one tenant. */
export function memories(most = MOST_BYTES): (tenant: string) => Memory {
  const known = new Map<string, StoredResource>();
  let bytes = 0;
  const drop = (name: string): void => {
    const one = known.get(name);
    if (!one) return;
    bytes -= costOf(one);
    known.delete(name);
  };
  const keep = (name: string, one: StoredResource): void => {
    if ((known.get(name)?.seq ?? 0) > one.seq) return;
    drop(name);
    if ((one.body?.length ?? 0) > LARGEST) return;
    known.set(name, one);
    bytes += costOf(one);
    while (bytes > most) drop(known.keys().next().value!);
  };
  return (tenant) => {
    const nameOf = (key: ResourceKey): string => `${tenant} ${keyText(key)}`;
    return {
      recall: (keys) => {
        const found = keys.map((key) => known.get(nameOf(key)));
        return found.every((one) => one !== undefined) ? found : undefined;
      },
      remember: (resources) => {
        for (const one of resources) keep(nameOf(one), one);
      },
      forget: (key) => drop(nameOf(key)),
    };
  };
}

const costOf = ({ body }: StoredResource): number => (body?.length ?? 0) + OVERHEAD;

/** A body that was read is a part of a whole message, which would be kept with it. */
export const ownCopy = (one: StoredResource): StoredResource =>
  one.body ? { ...one, body: Buffer.from(one.body) } : one;

type Commit = (unit: UnitOfWork) => Promise<CommitResult>;

/** Commits and remembers what became of the resources. `moves`: the bodies go to another thread and are lost to this one. */
export function remembering(memory: Memory, commit: Commit, moves: boolean): Commit {
  return async (unit) => {
    const few = unit.writes.length <= FEW ? unit.writes : [];
    const kept = moves ? few.map(copied) : few;
    const result = await commit(unit);
    if (result.ok) memory.remember(kept.map((write, i) => storedAs(write, result, i)));
    else for (const one of result.conflicts) if (one.kind === 'version') memory.forget(one.key);
    return result;
  };
}

const copied = (write: Write): Write =>
  write.content ? { ...write, content: { ...write.content, body: Buffer.from(write.content.body) } } : write;

type Stored = Extract<CommitResult, { ok: true }>;

function storedAs(write: Write, { firstSeq, instant }: Stored, i: number): StoredResource {
  const { type, id, versionId, method, content } = write;
  stamp(write, instant);
  return { type, id, versionId, seq: firstSeq + i, instant, method, body: content?.body };
}
