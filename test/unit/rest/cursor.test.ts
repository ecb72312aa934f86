// A cursor opens with the secret and the question that it was made for, and with no other.

import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { OPEN_ACCESS } from '../../../src/access/context.ts';
import { bound, openCursor, sealCursor } from '../../../src/rest/cursor.ts';

const secret = randomBytes(32);
const question = '/Patient?name=x&_count=2';

describe('cursor', () => {
  it.each(['', '1', '["2024-01-01","ä😀",null]', 'x'.repeat(2000), 'a.b.c', '\n'])(
    'gives back %j',
    (position) => {
      const cursor = sealCursor(secret, question, position);
      expect(cursor).toMatch(/^[\w-]{38,}$/);
      expect(openCursor(secret, question, cursor)).toBe(position);
    },
  );

  it.each([
    ['another question', secret, '/Patient?name=y&_count=2'],
    ['another path', secret, '/Observation?name=x&_count=2'],
    ['another secret', randomBytes(32), question],
  ])('does not open for %s', (_name, other, asked) => {
    const cursor = sealCursor(secret, question, '17');
    expect(() => openCursor(other, asked, cursor)).toThrow(expect.objectContaining({ status: 400 }));
  });

  it('does not open once a letter of it is changed, left out or added', () => {
    const cursor = sealCursor(secret, question, '17');
    for (let i = 0; i < cursor.length; i++) {
      const letter = cursor[i] === 'A' ? 'B' : 'A';
      for (const broken of [
        cursor.slice(0, i) + letter + cursor.slice(i + 1),
        cursor.slice(0, i) + cursor.slice(i + 1),
      ]) {
        if (broken !== cursor) expect(opens(() => openCursor(secret, question, broken))).toBeUndefined();
      }
    }
    for (const broken of [
      '',
      '.',
      'x',
      `${cursor}A`,
      `A${cursor}`,
      `${cursor}.x`.repeat(100),
      '\u0000.\uffff',
    ]) {
      expect(opens(() => openCursor(secret, question, broken))).toBeUndefined();
    }
    expect(() => openCursor(secret, question, '')).toThrow(/next/);
  });

  it('tells nothing of the position, and is never the same twice', () => {
    const [one, two] = [sealCursor(secret, question, '123456'), sealCursor(secret, question, '123456')];
    expect(one).not.toBe(two);
    for (const cursor of [one, two])
      expect(Buffer.from(cursor, 'base64url').toString('latin1')).not.toContain('123456');
  });

  it('is bound to who asked', () => {
    const of = (caller: string) => bound({ access: { ...OPEN_ACCESS, caller } }, question);
    const cursor = sealCursor(secret, of('["app","ann"]'), '17');
    expect(openCursor(secret, of('["app","ann"]'), cursor)).toBe('17');
    for (const other of [of('["app","bob"]'), of(''), question])
      expect(opens(() => openCursor(secret, other, cursor))).toBeUndefined();
  });

  it('keeps question and position apart', () => {
    const cursor = sealCursor(secret, 'a', 'b\nc');
    expect(() => openCursor(secret, 'a\nb', cursor)).toThrow(expect.objectContaining({ status: 400 }));
  });
});

/** What a cursor opens to, undefined where it is refused. */
function opens(work: () => string): string | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
