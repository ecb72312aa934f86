// Makes small `.tgz` archives for tests, sound or broken. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html

import { gzipSync } from 'node:zlib';

export interface TarFile {
  readonly name: string;
  readonly body: string;
  /** `0` a file, `5` a folder, `2` a link, `x` a pax header, `L` a long name */
  readonly kind?: string;
  readonly prefix?: string;
}

const BLOCK = 512;

/** A tar archive, two empty blocks at its end. */
export function tar(files: readonly TarFile[]): Buffer {
  return Buffer.concat([...files.map(entry), Buffer.alloc(2 * BLOCK)]);
}

export const tgz = (files: readonly TarFile[]): Buffer => gzipSync(tar(files));

function entry({ name, body, kind = '0', prefix = '' }: TarFile): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(BLOCK);
  head.write(name, 0, 100);
  head.write('0000644\0', 100);
  head.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  head.write('        ', 148);
  head.write(kind, 156);
  head.write('ustar\x0000', 257);
  head.write(prefix, 345, 155);
  const sum = head.reduce((all, byte) => all + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([head, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}
