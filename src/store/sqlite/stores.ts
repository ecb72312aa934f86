/**
 * The embedded store: one SQLite database a tenant, one writing thread for all of them, and a read-only connection in each thread that answers
 * requests. See docs/adr/0004-sqlite-layout.md.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Stores, TenantStore } from '../ports.ts';
import { openReader, type Reader } from './reader.ts';
import { attachWriter, startWriter, type WriterLink } from './writer-link.ts';

export interface SqliteOptions {
  /** a folder, made when it is not there, or `:memory:` for one that goes when the stores are closed */
  readonly location: string;
  /** what `attach()` gave in the thread that runs the writer */
  readonly writer?: WriterAttachment;
}

export interface WriterAttachment {
  readonly port: MessagePort;
  readonly folder: string;
}

export interface SqliteStores extends Stores {
  /** For another thread: what it passes as `writer`. The port in it must be in the transfer list of the message. */
  attach(): { readonly attachment: WriterAttachment; readonly transfer: readonly MessagePort[] };
}

const TENANT = /^[a-z0-9-]{1,40}$/;

export async function openSqliteStores(options: SqliteOptions): Promise<SqliteStores> {
  const isTemporary = options.location === ':memory:' && !options.writer;
  const folder = options.writer?.folder ?? (isTemporary ? temporaryFolder() : resolve(options.location));
  mkdirSync(folder, { recursive: true });
  accessSync(folder, constants.R_OK | constants.W_OK);
  const link = options.writer ? attachWriter(options.writer.port) : startWriter(folder);
  const open = new Map<string, Promise<Reader>>();

  const tenant = (name: string): Promise<TenantStore> => {
    if (!TENANT.test(name)) return Promise.reject(new Error(`"${name}" is not a tenant name: use 1 to 40 of a-z, 0-9 and -`));
    let store = open.get(name);
    if (!store) {
      open.set(name, (store = openTenant(folder, name, link)));
      store.catch(() => open.delete(name));
    }
    return store;
  };

  return {
    tenant,
    tenants: async () => readdirSync(folder).filter((file) => file.endsWith('.db')).map((file) => file.slice(0, -3)).sort(),
    attach: () => {
      const { port1, port2 } = new MessageChannel();
      link.control({ control: 'attach', port: port2 }, [port2]);
      return { attachment: { port: port1, folder }, transfer: [port1] };
    },
    close: async () => {
      for (const store of open.values()) (await store.catch(() => undefined))?.close();
      await link.close();
      if (isTemporary) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function openTenant(folder: string, name: string, link: WriterLink): Promise<Reader> {
  const secret = (await link.order(name, { kind: 'open' })) as Uint8Array;
  return openReader(join(folder, `${name}.db`), name, secret, link);
}

/** Memory if the machine offers a file system for it. */
function temporaryFolder(): string {
  for (const parent of ['/dev/shm', tmpdir()]) {
    try {
      return mkdtempSync(join(parent, 'embergate-'));
    } catch {
      // Not there or not ours to write: the next one.
    }
  }
  throw new Error('There is no folder for temporary data: set TMPDIR to one that can be written');
}
