/**
 * A process that commits under load until it is killed: `node load-child.ts sqlite|mongo WHERE ROUND`. It writes a line to standard output for each
 * unit once that is acknowledged. crash.ts reads the lines and judges what the store kept.
 */
import type { Stores, TenantStore, UnitOfWork, Write } from '../../src/store/ports.ts';
import { say } from './say.ts';

/** Units that are on their way at a time. */
const WRITERS = 8;
export const TENANT = 'crash';

export async function openKind(kind: string, where: string): Promise<Stores> {
  if (kind === 'mongo')
    return (await import('../../src/store/mongo/stores.ts')).openMongoStores({ url: where });
  return (await import('../../src/store/sqlite/stores.ts')).openSqliteStores({ location: where });
}

interface UnitOf {
  readonly name: string;
  readonly writer: number;
  /** version of the writer's counter that the unit makes */
  readonly turn: number;
  /** an earlier part to be deleted */
  readonly victim: string | undefined;
}

/** A text that says which unit it belongs to, how many writes that has, and which of them this one is. */
function body(unit: string, size: number, place: number): Uint8Array {
  return new Uint8Array(Buffer.from(JSON.stringify({ unit, size, place, filler: 'x'.repeat(300) })));
}

/** Two new parts, the writer's counter moved on, sometimes a part deleted, and a job. */
function unitOf({ name, writer, turn, victim }: UnitOf): UnitOfWork {
  const size = victim === undefined ? 3 : 4;
  const part = (letter: string, place: number): Write => ({
    type: 'Part',
    id: `${name}-${letter}`,
    expected: 0,
    versionId: 1,
    method: 'POST',
    content: {
      body: body(name, size, place),
      stampAt: -1,
      index: [
        { kind: 'key', param: 'unit', key: name },
        { kind: 'range', param: 'turn', key: '', low: turn, high: turn },
        { kind: 'text', param: 'name', text: name, exact: name },
      ],
    },
  });
  const counter: Write = {
    type: 'Count',
    id: `c${writer}`,
    expected: turn - 1,
    versionId: turn,
    method: 'PUT',
    content: {
      body: body(name, size, 2),
      stampAt: -1,
      index: [{ kind: 'key', param: 'turn', key: `${writer}-${turn}` }],
    },
  };
  const writes = [part('a', 0), part('b', 1), counter];
  if (victim !== undefined)
    writes.push({ type: 'Part', id: victim, expected: 1, versionId: 2, method: 'DELETE' });
  return { writes, integrity: true, jobs: [{ queue: 'crash', payload: { unit: name } }] };
}

async function work(store: TenantStore, round: string, writer: number): Promise<never> {
  const [counter] = await store.resources.read([{ type: 'Count', id: `c${writer}` }]);
  let turn = counter?.versionId ?? 0;
  for (let i = 0, before = ''; ; i++) {
    const name = `r${round}-w${writer}-${i}`;
    turn++;
    const result = await store.resources.commit(
      unitOf({ name, writer, turn, victim: i % 5 === 4 ? `${before}-b` : undefined }),
    );
    if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.conflicts)}`);
    say(`${name} ${result.firstSeq} ${result.instant}`);
    before = name;
  }
}

if (process.argv[1] === import.meta.filename) {
  const [kind, where, round] = process.argv.slice(2) as [string, string, string];
  const store = await (await openKind(kind, where)).tenant(TENANT);
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => work(store, round, writer)));
}
