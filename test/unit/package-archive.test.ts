// Archives are read in memory, within bounds, and damaged or hostile ones are refused.

import { describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { archiveFiles } from '../../src/package-archive.ts';
import { tar, tgz, type TarFile } from '../support/tgz.ts';

const names = async (files: readonly TarFile[]): Promise<string[]> =>
  (await archiveFiles(tgz(files))).map(({ name }) => name);
const LONG = `package/${'n'.repeat(150)}.json`;
const pax = (line: string): string => `${line.length + 5} ${line}\n`;

describe('archiveFiles', () => {
  it('gives regular files with their bytes', async () => {
    const bodies = ['', 'x', 'y'.repeat(512), 'é'.repeat(1000)];
    const files = await archiveFiles(tgz(bodies.map((body, i) => ({ name: `package/${i}`, body }))));
    expect(files.map(({ body }) => body.toString('utf8'))).toEqual(bodies);
  });

  it('leaves out folders', async () => {
    const files = [
      { name: 'package/', body: '', kind: '5' },
      { name: './b', body: '' },
    ];
    expect(await names(files)).toEqual(['b']);
  });

  it('reads long names of all three kinds', async () => {
    expect(
      await names([
        { name: 'x', body: pax(`path=${LONG}`), kind: 'x' },
        { name: 'cut', body: '' },
      ]),
    ).toEqual([LONG]);
    expect(
      await names([
        { name: 'x', body: `${LONG}\0`, kind: 'L' },
        { name: 'cut', body: '' },
      ]),
    ).toEqual([LONG]);
    expect(await names([{ name: 'b.json', body: '', prefix: 'package/sub' }])).toEqual([
      'package/sub/b.json',
    ]);
  });

  it('takes a long name for one file only', async () => {
    const files = [
      { name: 'x', body: pax(`path=${LONG}`), kind: 'x' },
      { name: 'one', body: '' },
      { name: 'two', body: '' },
    ];
    expect(await names(files)).toEqual([LONG, 'two']);
  });

  it.each(['/etc/passwd', '../up', 'package/../../up', 'C:\\x', 'a\\..\\b'])(
    'refuses the name %s',
    async (name) => {
      await expect(names([{ name, body: '' }])).rejects.toThrow('outside of itself');
    },
  );

  it.each<[string, Buffer, string]>([
    ['no gzip', Buffer.from('hello'), 'no whole gzip'],
    ['cut in its gzip', tgz([{ name: 'a', body: 'x'.repeat(5000) }]).subarray(0, 40), 'no whole gzip'],
    ['cut in its tar', gzipSync(tar([{ name: 'a', body: 'x'.repeat(5000) }]).subarray(0, 1024)), 'cut off'],
    ['no tar', gzipSync(Buffer.alloc(2048, 'x')), 'no tar archive'],
  ])('refuses what is %s', async (_name, bytes, message) => {
    await expect(archiveFiles(bytes)).rejects.toThrow(message);
  });

  it.each([
    ['1', 'a hard link'],
    ['2', 'a symbolic link'],
    ['3', 'a device'],
    ['6', 'a pipe'],
  ])('refuses an entry of kind %s, %s', async (kind, message) => {
    await expect(names([{ name: 'package/a.json', body: '', kind }])).rejects.toThrow(message);
  });

  it('refuses to unpack without bound', async () => {
    const packed = tgz([{ name: 'a', body: 'x'.repeat(100_000) }]);
    await expect(archiveFiles(packed, { bytes: 50_000 })).rejects.toThrow('more than 50000 bytes');
    await expect(archiveFiles(packed, { bytes: 200_000 })).resolves.toHaveLength(1);
    await expect(archiveFiles(packed, { fileBytes: 50_000 })).rejects.toThrow('"a" in it has more than');
  });

  it('refuses more entries than are allowed, whatever they are', async () => {
    const files = Array.from({ length: 5 }, (_, i) => ({ name: `package/${i}/`, body: '', kind: '5' }));
    await expect(archiveFiles(tgz(files), { entries: 4 })).rejects.toThrow('more than 4 entries');
  });

  it('refuses what unpacks to far more than it is', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    await expect(archiveFiles(bomb)).rejects.toThrow(/unpacks to more than \d+ bytes, more than 150 times/);
  });
});
