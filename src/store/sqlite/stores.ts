/**
 * The embedded store: a folder with one SQLite database a tenant, one writer thread for all of them, readers in every thread (ADR 0004).
 * https://www.sqlite.org/, https://nodejs.org/api/sqlite.html
 */
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { fault } from '../../fhir/model/outcome.ts';
import type { Stores, TenantStore } from '../ports.ts';
import { releaseFolder } from './releases/folder.ts';
import { openTenantStore, type OpenTenant } from './tenant-store.ts';
import type { Opened, Order } from './wire.ts';
import { WriterPort, type QueueLimits } from './writer-port.ts';

/** What another thread passes as `writer` to share the writer thread. */
export interface WriterAttachment {
  readonly port: MessagePort;
  readonly folder: string;
}

export interface SqliteStores extends Stores {
  /** For one more thread; the port must stand in the transfer list of the message. Only in the thread that started the writer. */
  attach(): { readonly attachment: WriterAttachment; readonly transfer: readonly MessagePort[] };
}

export interface SqliteOptions {
  /** a folder, made when absent; `:memory:` is a private folder that is gone after close */
  readonly location: string;
  /** the attachment that `attach` gave in the thread with the writer */
  readonly writer?: WriterAttachment;
  readonly limits?: QueueLimits;
}

const TENANT = /^[a-z0-9-]{1,40}$/;

/** Opens the folder. Without `writer`, starts the writer thread, which `close` ends. Throws an Error with one clear line when the folder cannot be used. */
export async function openSqliteStores({ location, writer, limits }: SqliteOptions): Promise<SqliteStores> {
  if (writer) return { ...storesOn(writer.port, writer.folder, limits), attach: refuseAttach };
  const temporary = location === ':memory:';
  const folder = temporary
    ? mkdtempSync(join(memoryFolder(), 'embergate-'))
    : usableFolder(resolve(location));
  const thread = new Worker(new URL('./writer.ts', import.meta.url), {
    workerData: { folder },
    resourceLimits: { maxYoungGenerationSizeMb: 24, maxOldGenerationSizeMb: 512 },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  thread.unref();
  const openPort = (): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    thread.postMessage({ port: port1 } satisfies Order, [port1]);
    return port2;
  };
  const stores = storesOn(openPort(), folder, limits);
  const attach = (): ReturnType<SqliteStores['attach']> => {
    const port = openPort();
    return { attachment: { port, folder }, transfer: [port] };
  };
  const close = async (): Promise<void> => {
    await stores.close();
    await stopWriter(thread);
    if (temporary) rmSync(folder, { recursive: true, force: true });
  };
  return { ...stores, close, attach };
}

/** Makes the folder when it is absent. Throws what the file system says when it cannot be made or written. */
function usableFolder(folder: string): string {
  if (existsSync(folder) && !statSync(folder).isDirectory())
    throw new Error(`${folder} is a file: name a folder`);
  mkdirSync(folder, { recursive: true });
  accessSync(folder, constants.R_OK | constants.W_OK);
  return folder;
}

function refuseAttach(): never {
  throw new Error('attach: ask the thread that started the writer');
}

function memoryFolder(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

async function stopWriter(thread: Worker): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    thread.once('message', () => resolve());
    thread.once('exit', () => resolve());
  });
  thread.ref();
  thread.postMessage('close' satisfies Order);
  await closed;
  await thread.terminate();
}

function storesOn(port: MessagePort, folder: string, limits: QueueLimits | undefined): Stores {
  const writer = new WriterPort(port, limits);
  const concepts = releaseFolder(join(folder, 'terminology'));
  const open = new Map<string, Promise<OpenTenant>>();
  const openTenant = async (name: string): Promise<OpenTenant> => {
    const opened = (await writer.ask({ op: 'open', tenant: name })) as Opened;
    return openTenantStore(name, opened, writer);
  };
  const tenant = async (name: string): Promise<TenantStore> => {
    if (!TENANT.test(name)) {
      throw fault(
        'invalid',
        `"${name.slice(0, 64)}" is not a tenant name: use 1 to 40 lower-case letters, digits and hyphens`,
      );
    }
    if (!open.has(name)) {
      open.set(name, openTenant(name));
      open.get(name)!.catch(() => open.delete(name));
    }
    return open.get(name)!;
  };
  const tenants = (): Promise<readonly string[]> =>
    writer.ask({ op: 'tenants', tenant: '' }) as Promise<readonly string[]>;
  const close = async (): Promise<void> => {
    const opened = (await Promise.allSettled(open.values())).flatMap((one) =>
      one.status === 'fulfilled' ? [one.value] : [],
    );
    await Promise.allSettled(opened.map((store) => store.settleAudit()));
    await writer.close();
    for (const store of opened) store.close();
    concepts.close();
  };
  return { tenant, tenants, concepts, close };
}
