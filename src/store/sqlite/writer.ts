/**
 * The one thread that writes. What has queued up by the time it gets to work is committed as one group, so that a sync of the disk is shared by all
 * of it; within the group each unit is judged and applied in turn.
 */
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { isMainThread, parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { applier, type Applier } from './apply.ts';
import { jobWriter } from './jobs.ts';
import type { Answer, Control, Order, OrderMessage } from './protocol.ts';
import { migrate } from './schema.ts';

interface Tenant {
  readonly db: DatabaseSync;
  readonly applier: Applier;
  readonly jobs: ReturnType<typeof jobWriter>;
  readonly advance: (order: Extract<Order, { kind: 'advance' }>) => boolean;
}

interface Waiting {
  readonly port: MessagePort;
  readonly message: OrderMessage;
}

/** Orders of one group at most: bounds the time until the first of them is answered. */
const MOST_IN_GROUP = 500;

function runWriter(folder: string): void {
  const tenants = new Map<string, Tenant>();
  let queue: Waiting[] = [];
  let isScheduled = false;

  const tenant = (name: string): Tenant => {
    let own = tenants.get(name);
    if (!own) tenants.set(name, (own = openTenant(join(folder, `${name}.db`))));
    return own;
  };

  const work = (): void => {
    isScheduled = false;
    const group = queue.splice(0, MOST_IN_GROUP);
    for (const [name, orders] of Map.groupBy(group, ({ message }) => message.tenant)) commitGroup(() => tenant(name), orders);
    if (queue.length > 0) schedule();
  };

  const schedule = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(work);
  };

  const listen = (port: MessagePort): void => {
    port.on('message', (message: OrderMessage | Control) => {
      if (!('control' in message)) {
        queue.push({ port, message });
        schedule();
      } else if (message.control === 'attach') listen(message.port as MessagePort);
      else {
        work();
        queue = [];
        for (const { db } of tenants.values()) db.close();
        parentPort!.postMessage('closed');
        process.exit(0);
      }
    });
  };
  listen(parentPort as unknown as MessagePort);
}

function openTenant(path: string): Tenant {
  const db = new DatabaseSync(path, { timeout: 10_000 });
  db.exec('PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 2000');
  migrate(db);
  const select = db.prepare('SELECT seq FROM cursor WHERE name = ?');
  const put = db.prepare('INSERT INTO cursor (name, seq) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq');
  const advance: Tenant['advance'] = ({ name, from, to }) => {
    const now = (select.get(name) as { seq: number } | undefined)?.seq ?? 0;
    if (now !== from) return false;
    put.run(name, to);
    return true;
  };
  return { db, applier: applier(db), jobs: jobWriter(db), advance };
}

/** One transaction for all orders. When something unforeseen happens nothing of the group is kept, and each order is told so. */
function commitGroup(open: () => Tenant, orders: readonly Waiting[]): void {
  let answers: Answer[];
  try {
    answers = inTransaction(open(), orders);
  } catch (error) {
    answers = orders.map(({ message: { id } }) => ({ id, error: (error as Error).message }));
  }
  orders.forEach(({ port }, i) => port.postMessage(answers[i]));
}

function inTransaction(tenant: Tenant, orders: readonly Waiting[]): Answer[] {
  const { db } = tenant;
  db.exec('BEGIN IMMEDIATE');
  try {
    const answers = orders.map(({ message: { id, order } }): Answer => ({ id, result: carryOut(tenant, order) }));
    db.exec('COMMIT');
    return answers;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    tenant.applier.rolledBack();
    throw error;
  }
}

function carryOut(tenant: Tenant, order: Order): unknown {
  switch (order.kind) {
    case 'open':
      return tenant.db.prepare("SELECT value FROM meta WHERE name = 'secret'").get()!['value'];
    case 'commit':
      return tenant.applier.apply(order.unit);
    case 'advance':
      return tenant.advance(order);
    default:
      return tenant.jobs(order);
  }
}

const role = workerData as { role?: string; folder: string } | null;
if (!isMainThread && role?.role === 'sqlite-writer') runWriter(role.folder);
