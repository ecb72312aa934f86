/**
 * The files of a release: a folder, a zip or one file, read as lines in pieces, so that a release of a gigabyte takes a few megabytes of memory.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
import { createReadStream } from 'node:fs';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createInflateRaw } from 'node:zlib';

export interface SourceFile {
  /** path within the release, with forward slashes */
  readonly name: string;
  /** once unpacked */
  readonly bytes: number;
  read(): Promise<Readable>;
}

/** Throws an Error that says what is wrong with the path. */
export async function sourceFiles(path: string): Promise<readonly SourceFile[]> {
  const found = await stat(path);
  if (found.isDirectory()) return folderFiles(path);
  if (/\.zip$/i.test(path)) return zipFiles(path);
  return [fileOf(path, path.split(/[\\/]/).at(-1)!, found.size)];
}

const fileOf = (path: string, name: string, bytes: number): SourceFile => ({
  name,
  bytes,
  read: async () => createReadStream(path, { highWaterMark: 1 << 18 }),
});

async function folderFiles(folder: string): Promise<readonly SourceFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  return Promise.all(
    paths.sort().map(async (path) => {
      const { size } = await stat(path);
      return fileOf(path, path.slice(folder.length).split(/[\\/]/).filter(Boolean).join('/'), size);
    }),
  );
}

const END = 0x06054b50;
const ENTRY = 0x02014b50;
/** The end record stands before a comment of at most 65,535 bytes. */
const MOST_TAIL = 65_557;

async function zipFiles(path: string): Promise<readonly SourceFile[]> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const tail = await bytesAt(file, Math.max(0, size - MOST_TAIL), Math.min(size, MOST_TAIL));
    let at = tail.length - 22;
    while (at >= 0 && tail.readUInt32LE(at) !== END) at--;
    if (at < 0) throw new Error(`${path} is no whole zip archive`);
    const [count, length, start] = [
      tail.readUInt16LE(at + 10),
      tail.readUInt32LE(at + 12),
      tail.readUInt32LE(at + 16),
    ];
    if (start === 0xffffffff || count === 0xffff)
      throw new Error(`${path} is in the zip64 format: unpack it, and name the folder`);
    return entriesOf(path, await bytesAt(file, start, length), count);
  } finally {
    await file.close();
  }
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function entriesOf(path: string, directory: Buffer, count: number): SourceFile[] {
  const files: SourceFile[] = [];
  for (let n = 0, at = 0; n < count; n++) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== ENTRY)
      throw new Error(`${path} is no whole zip archive: its directory is broken`);
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) =>
      directory.readUInt16LE(at + offset),
    ) as [number, number, number];
    const name = directory.toString('utf8', at + 46, at + 46 + nameLength);
    const entry: ZipEntry = {
      name,
      method: directory.readUInt16LE(at + 10),
      packed: directory.readUInt32LE(at + 20),
      start: directory.readUInt32LE(at + 42),
    };
    const bytes = directory.readUInt32LE(at + 24);
    if (!name.endsWith('/')) files.push({ name, bytes, read: () => entryStream(path, entry) });
    at += 46 + nameLength + extra + comment;
  }
  return files;
}

interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly packed: number;
  readonly start: number;
}

async function entryStream(path: string, { name, method, packed, start }: ZipEntry): Promise<Readable> {
  if (method !== 0 && method !== 8)
    throw new Error(`${name} is packed in a way that is not known: unpack it first`);
  const file = await open(path, 'r');
  const head = await bytesAt(file, start, 30).finally(() => file.close());
  const from = start + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
  if (packed === 0) return createReadStream(path, { start: 0, end: -1 });
  const raw = createReadStream(path, { start: from, end: from + packed - 1, highWaterMark: 1 << 18 });
  if (method === 0) return raw;
  const inflate = createInflateRaw({ chunkSize: 1 << 18 });
  raw.on('error', (error) => inflate.destroy(error));
  return raw.pipe(inflate);
}

/** The lines of a file without their ends, many at a time. `tell`: bytes read since the last call */
export async function* linesOf(file: SourceFile, tell: (bytes: number) => void): AsyncGenerator<string[]> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of await file.read()) {
    const lines = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = lines.pop()!;
    yield lines.map(withoutReturn);
    tell((chunk as Buffer).length);
  }
  rest += decoder.end();
  if (rest !== '') yield [withoutReturn(rest)];
}

const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line);
