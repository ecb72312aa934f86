/**
 * Packs the files of a folder as a package: the same files give the same bytes. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */
import { gzipSync } from 'node:zlib';
import type { PackageFile } from './package-folder.ts';

const BLOCK = 512;
const LONGEST = 100;

/** A gzipped tar archive with the files in `package/`. */
export function packed(files: readonly PackageFile[]): Buffer {
  const entries = files.flatMap(({ name, bytes }) => entry(`package/${name.replaceAll('\\', '/')}`, bytes));
  return gzipSync(Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]));
}

/** A long name goes before its file, as an entry of its own. */
function entry(name: string, bytes: Buffer): Buffer[] {
  const isLong = Buffer.byteLength(name) > LONGEST;
  const before = isLong
    ? [head('longname', Buffer.byteLength(name) + 1, 'L'), padded(Buffer.from(`${name}\0`))]
    : [];
  return [...before, head(isLong ? 'file' : name, bytes.length, '0'), padded(bytes)];
}

function head(name: string, size: number, kind: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, LONGEST);
  block.write('0000644\0', 100);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  // The sum is made with its own field as spaces.
  block.write('        ', 148);
  block.write(kind, 156);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((all, byte) => all + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

const padded = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
