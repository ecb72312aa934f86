/**
 * Reads a `.tgz` in memory: nothing is written to disk, and everything is bounded. Own code because it is a few dozen lines, read-only, and spares a
 * dependency. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06 (ustar, pax)
 */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

export interface ArchiveFile {
  /** with forward slashes, relative, without `..` */
  readonly name: string;
  readonly body: Buffer;
}

export interface ArchiveBounds {
  /** of the whole, unpacked */
  readonly bytes: number;
  /** entries of every kind */
  readonly entries: number;
  /** of one file */
  readonly fileBytes: number;
  /** unpacked bytes for one that is packed; JSON packs to a tenth or a thirtieth of itself, and runs of one letter to a thousandth */
  readonly ratio: number;
}

/** Bounds on one archive, against those made to burst. A small one may have any ratio. */
const BOUNDS: ArchiveBounds = {
  bytes: 512 * 1024 * 1024,
  entries: 100_000,
  fileBytes: 128 * 1024 * 1024,
  ratio: 150,
};
const SMALL = 16 * 1024 * 1024;
const BLOCK = 512;
const unzip = promisify(gunzip);

/** The regular files of a gzipped tar archive. Throws an Error that says what is wrong with it: links and devices are refused, and so is what exceeds the bounds. */
export async function archiveFiles(
  packed: Buffer,
  bounds: Partial<ArchiveBounds> = {},
): Promise<ArchiveFile[]> {
  const most = { ...BOUNDS, ...bounds };
  const bytes = await unpacked(packed, most);
  const files: ArchiveFile[] = [];
  for (const file of tarFiles(bytes, most)) files.push(file);
  return files;
}

/** The bounds hold while it is unpacked: nothing beyond them is ever in memory. */
async function unpacked(packed: Buffer, { bytes, ratio }: ArchiveBounds): Promise<Buffer> {
  const byRatio = Math.max(SMALL, packed.length * ratio);
  const most = Math.min(bytes, byRatio);
  return unzip(packed, { maxOutputLength: most }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_BUFFER_TOO_LARGE')
      throw new Error(`it is no whole gzip archive (${error.message})`);
    const why = most < bytes ? `, more than ${ratio} times its packed size` : '';
    throw new Error(`it unpacks to more than ${most} bytes${why}`);
  });
}

function requireInside(name: string): void {
  if (name.startsWith('/') || /^[A-Za-z]:|\\/.test(name) || name.split('/').includes('..')) {
    throw new Error(`it has a file outside of itself, ${quoted(name)}`);
  }
}

interface Entry {
  readonly kind: string;
  readonly name: string;
  readonly body: Buffer;
}

const LINKS: Readonly<Record<string, string>> = {
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a device',
  '4': 'a device',
  '6': 'a pipe',
};

/** Regular files, with the long names that stand in an entry of their own before them. */
function* tarFiles(bytes: Buffer, most: ArchiveBounds): Generator<ArchiveFile> {
  let longName: string | undefined;
  let entries = 0;
  for (const { kind, name, body } of tarEntries(bytes)) {
    if (++entries > most.entries) throw new Error(`it has more than ${most.entries} entries`);
    if (kind === 'x') longName = paxPath(body) ?? longName;
    else if (kind === 'L') longName = cString(body);
    else if (kind !== 'g') {
      const own = longName ?? name;
      requireInside(own);
      if (LINKS[kind]) throw new Error(`${quoted(own)} in it is ${LINKS[kind]}: only files count`);
      if (body.length > most.fileBytes)
        throw new Error(`${quoted(own)} in it has more than ${most.fileBytes} bytes`);
      if (kind === '0' || kind === '\0') yield { name: own.replace(/^\.\//, ''), body };
      longName = undefined;
    }
  }
}

const quoted = (name: string): string => JSON.stringify(name.slice(0, 200));

function* tarEntries(bytes: Buffer): Generator<Entry> {
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0;) {
    const head = bytes.subarray(at, at + BLOCK);
    requireChecksum(head);
    const size = Number.parseInt(cString(head.subarray(124, 136)).trim() || '0', 8);
    const start = at + BLOCK;
    if (!(size >= 0) || start + size > bytes.length) throw new Error('it is cut off');
    const prefix = head.toString('latin1', 257, 262) === 'ustar' ? cString(head.subarray(345, 500)) : '';
    const name = cString(head.subarray(0, 100));
    yield {
      kind: String.fromCharCode(head[156]!),
      name: prefix ? `${prefix}/${name}` : name,
      body: bytes.subarray(start, start + size),
    };
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
}

/** The sum of all bytes of the head, its own field taken as spaces. */
function requireChecksum(head: Buffer): void {
  const stated = Number.parseInt(cString(head.subarray(148, 156)).trim(), 8);
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0x20 : head[i]!;
  if (sum !== stated) throw new Error('it is no tar archive, or a damaged one');
}

/** The `path` of a pax header, whose lines are `length key=value`. */
function paxPath(body: Buffer): string | undefined {
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = Number.parseInt(body.toString('latin1', at, space), 10);
    if (space < 0 || !(length > 0)) return undefined;
    const line = body.toString('utf8', space + 1, at + length - 1);
    if (line.startsWith('path=')) return line.slice('path='.length);
    at += length;
  }
  return undefined;
}

function cString(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? field.length : end);
}
