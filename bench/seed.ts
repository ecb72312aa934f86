// Brings server and floor to the same state: the fixed records on the server, and its very answers on the floor.

import { connect, requestText, type Answer, type Connection } from './connection.ts';
import type { LoadLine } from './floor.ts';
import type { Request } from './job.ts';
import * as records from './records.ts';
import type { Subject } from './subjects.ts';
import { BASE, type Population, type Workload } from './workloads.ts';

const VERSIONS = 25;
const LINES_A_LOAD = 500;

async function must(connection: Connection, method: string, path: string, body?: string): Promise<Answer> {
  const answer = await connection.send(requestText(method, path, body));
  if (answer.status < 300) return answer;
  throw new Error(`${method} ${path} -> ${answer.status} ${answer.body.toString('utf8').slice(0, 500)}`);
}

async function withConnection<T>(port: number, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await connect(port);
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
}

/** Writes the fixed records; the first few patients get a history. */
export function seedServer({ port }: Subject, { patients, withHistory }: Population): Promise<void> {
  return withConnection(port, async (connection) => {
    for (let patient = 0; patient < patients; patient++)
      await must(connection, 'POST', BASE, records.recordOf(patient));
    for (let patient = 0; patient < withHistory; patient++) {
      for (let version = 0; version < VERSIONS; version++) {
        const body = JSON.stringify(records.patientOf(patient, `version-${version}`));
        await must(connection, 'PUT', `${BASE}/Patient/${records.patientId(patient)}`, body);
      }
    }
  });
}

/** Stores a resource under its own id. */
export function putResource({ port }: Subject, text: string): Promise<void> {
  const { resourceType, id } = JSON.parse(text) as { readonly resourceType: string; readonly id: string };
  return withConnection(port, async (connection) => {
    await must(connection, 'PUT', `${BASE}/${resourceType}/${id}`, text);
  });
}

type Entry = { readonly fullUrl: string; readonly resource: object };

function rowsOf(workload: Workload, path: string, text: string): LoadLine {
  const entries = (JSON.parse(text) as { entry?: readonly Entry[] }).entry ?? [];
  if (entries.length !== workload.rows) {
    throw new Error(`${workload.title}: GET ${path} has ${entries.length} entries, not ${workload.rows}`);
  }
  const rows = entries.map(({ fullUrl, resource }) => ({ url: fullUrl, text: JSON.stringify(resource) }));
  return { query: path.slice(BASE.length + 1), rows };
}

function lineOf(workload: Workload, path: string, text: string): LoadLine {
  return workload.rows === undefined
    ? { key: path.slice(BASE.length + 1), text }
    : rowsOf(workload, path, text);
}

/**
 * Asks the server each GET of a workload once and lays the answers down in the floor, so that both serve the same bytes.
 * Throws if an answer has not the rows that the workload is about.
 */
export async function copyAnswers(
  workload: Workload,
  requests: readonly Request[],
  server: Subject,
  floor: Subject,
) {
  await withConnection(server.port, (from) =>
    withConnection(floor.port, async (to) => {
      const lines: LoadLine[] = [];
      for (const { path } of requests) {
        const { body } = await must(from, 'GET', path);
        lines.push(lineOf(workload, path, body.toString('utf8')));
      }
      for (let at = 0; at < lines.length; at += LINES_A_LOAD) {
        await must(to, 'POST', `${BASE}/$load`, JSON.stringify(lines.slice(at, at + LINES_A_LOAD)));
      }
    }),
  );
}
