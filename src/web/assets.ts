/**
 * Style, scripts and pictures of the pages, served from our own origin under addresses that hold a hash of the content, so that a browser may keep
 * them for ever and never keeps a stale one. https://www.rfc-editor.org/rfc/rfc8246
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

export interface Asset {
  readonly contentType: string;
  readonly bytes: Buffer;
}

export interface Assets {
  /** `/assets/style.3f2a9c1b7d.css`; throws for a name that is none, which is a slip of ours */
  readonly url: (name: string) => string;
  /** by the last part of its address */
  readonly find: (hashed: string) => Asset | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Reads the folder once, at start. */
export function loadAssets(folder: string): Assets {
  const urls = new Map<string, string>();
  const assets = new Map<string, Asset>();
  for (const name of readdirSync(folder)) {
    const extension = extname(name);
    const contentType = TYPES[extension];
    if (contentType === undefined) continue;
    const bytes = readFileSync(join(folder, name));
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 10);
    const hashed = `${name.slice(0, -extension.length)}.${hash}${extension}`;
    urls.set(name, `/assets/${hashed}`);
    assets.set(hashed, { contentType, bytes });
  }
  const url = (name: string): string => {
    const found = urls.get(name);
    if (found === undefined) throw new RangeError(`There is no asset ${name}`);
    return found;
  };
  return { url, find: (hashed) => assets.get(hashed) };
}

export const ownAssets = (): Assets => loadAssets(join(import.meta.dirname, 'assets'));
