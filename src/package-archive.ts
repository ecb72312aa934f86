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

/** Bounds on one archive, against those made to burst. */
const MOST_BYTES = 512 * 1024 * 1024;
const MOST_FILES = 100_000;
const BLOCK = 512;
const unzip = promisify(gunzip);

/** The regular files of a gzipped tar archive that unpacks to at most `mostBytes`. Throws an Error that says what is wrong with it. */
export async function archiveFiles(packed: Buffer, mostBytes = MOST_BYTES): Promise<ArchiveFile[]> {
  const bytes = await unzip(packed, { maxOutputLength: mostBytes }).catch((error: NodeJS.ErrnoException) => {
    const large = error.code === 'ERR_BUFFER_TOO_LARGE';
    throw new Error(
      large ? `it unpacks to more than ${mostBytes} bytes` : `it is no whole gzip archive (${error.message})`,
    );
  });
  const files: ArchiveFile[] = [];
  for (const file of tarFiles(bytes)) {
    if (files.length === MOST_FILES) throw new Error(`it has more than ${MOST_FILES} files`);
    requireInside(file.name);
    files.push(file);
  }
  return files;
}

function requireInside(name: string): void {
  if (name.startsWith('/') || /^[A-Za-z]:|\\/.test(name) || name.split('/').includes('..')) {
    throw new Error(`it has a file outside of itself, ${JSON.stringify(name.slice(0, 200))}`);
  }
}

interface Entry {
  readonly kind: string;
  readonly name: string;
  readonly body: Buffer;
}

/** Regular files, with the long names that stand in an entry of their own before them. */
function* tarFiles(bytes: Buffer): Generator<ArchiveFile> {
  let longName: string | undefined;
  for (const { kind, name, body } of tarEntries(bytes)) {
    if (kind === 'x') longName = paxPath(body) ?? longName;
    else if (kind === 'L') longName = cString(body);
    else {
      if (kind === '0' || kind === '\0') yield { name: (longName ?? name).replace(/^\.\//, ''), body };
      longName = undefined;
    }
  }
}

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
