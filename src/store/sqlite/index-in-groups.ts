/**
 * The migration to index rows in groups. What stood there before keeps its meaning: each parameter becomes a group of one, and its keys stand for
 * themselves until the resource is written again. (docs/adr/0016-index-rows-in-groups.md)
 */
import type { DatabaseSync } from 'node:sqlite';

export function indexInGroups(db: DatabaseSync): void {
  db.exec(
    `DROP INDEX param_name;
     -- name: JSON list of parameters. refers: REFERENCE is one of them.
     ALTER TABLE param ADD COLUMN refers INTEGER NOT NULL DEFAULT 0;
     UPDATE param SET refers = 1 WHERE name = '_reference';
     UPDATE param SET name = json_array(name);
     CREATE INDEX param_refers ON param(refers) WHERE refers = 1;

     -- system: the term of the key \`system⇥\`. A coded key is the negative id in key_index.
     CREATE TABLE coded(id INTEGER PRIMARY KEY, code TEXT NOT NULL, system INTEGER NOT NULL, UNIQUE(code, system));

     -- signature: bits of the keys that the resource has, -1 where that is not told.
     ALTER TABLE key_index ADD COLUMN signature INTEGER NOT NULL DEFAULT -1;`,
  );
  const waiting = db.prepare("SELECT seq, rows FROM backlog WHERE rows <> ''").all();
  const change = db.prepare('UPDATE backlog SET rows = ? WHERE seq = ?');
  for (const { seq, rows } of waiting as { seq: number; rows: string }[])
    change.run(JSON.stringify(grouped(JSON.parse(rows) as Old)), seq);
}

/** [param, key …], [param, key, low, high …], [param, text, exact …] */
type Old = readonly [keys: readonly string[], ranges: readonly (string | number)[], texts: readonly string[]];

function grouped([keys, ranges, texts]: Old): unknown {
  const alone = (every: number, list: readonly (string | number)[]): (string | number)[] =>
    list.map((value, i) => (i % every === 0 ? JSON.stringify([value]) : value));
  return [alone(2, keys), [], alone(4, ranges), alone(3, texts)];
}
