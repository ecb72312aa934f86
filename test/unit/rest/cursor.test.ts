// A cursor opens with the secret and the question that it was made for, and with no other.

import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { openCursor, sealCursor } from '../../../src/rest/cursor.ts';

const secret = randomBytes(32);
const question = '/Patient?name=x&_count=2';

describe('cursor', () => {
  it.each(['', '1', '["2024-01-01","ä😀",null]', 'x'.repeat(2000), 'a.b.c', '\n'])(
    'gives back %j',
    (position) => {
      const cursor = sealCursor(secret, question, position);
      expect(cursor).toMatch(/^[\w-]*\.[\w-]{22}$/);
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
        // The last letter of base64 has bits that mean nothing: the same position is no forgery.
        const opened = (): string => openCursor(secret, question, broken);
        if (broken !== cursor) expect(opens(opened) ?? '17').toBe('17');
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
      expect(opens(() => openCursor(secret, question, broken)) ?? '17').toBe('17');
    }
    expect(() => openCursor(secret, question, '')).toThrow(/next/);
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
