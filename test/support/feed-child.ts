/**
 * A process that follows the feed until it is killed: `node feed-child.ts sqlite|mongo WHERE FILE`. It appends a line `seq type/id/version` for each
 * version to the file, whose last whole line is its own cursor, and then moves the store's cursor `follower`.
 */
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openKind, TENANT } from './kill-load.ts';

export const FOLLOWER = 'follower';

/** Cuts off a line that a kill left unfinished, and gives the seq of the last whole one. */
function resume(file: string): number {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) truncateSync(file, Buffer.byteLength(whole));
  return Number(whole.trimEnd().split('\n').at(-1)?.split(' ')[0] ?? 0);
}

if (process.argv[1] === import.meta.filename) {
  const [kind, where, file] = process.argv.slice(2) as [string, string, string];
  const { feed } = await (await openKind(kind, where)).tenant(TENANT);
  let seen = resume(file);
  let cursor = await feed.cursor(FOLLOWER);
  if (cursor > seen) throw new Error(`The cursor ${cursor} is ahead of what was seen, ${seen}`);
  process.stdout.write('following\n');
  for (;;) {
    const versions = await feed.read(seen, 20);
    if (versions.length > 0) {
      appendFileSync(
        file,
        versions.map(({ seq, type, id, versionId }) => `${seq} ${type}/${id}/${versionId}\n`).join(''),
      );
      seen = versions.at(-1)!.seq;
    } else if (cursor === seen) await sleep(1);
    if (cursor !== seen && !(await feed.advance(FOLLOWER, cursor, seen)))
      throw new Error('Another holder moved the cursor');
    cursor = seen;
  }
}
