/** A server that answers bundles as a test says, for commands that send. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FakeServer {
  readonly base: string;
  /** texts of all bundles that came, in order */
  readonly seen: readonly string[];
  readonly stop: () => Promise<void>;
}

/** `answer` may throw to break the connection. */
export async function fakeServer(answer: (text: string, number: number) => FakeAnswer): Promise<FakeServer> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString();
      const { status, body = {}, headers = {} } = answer(text, seen.push(text) - 1);
      response
        .writeHead(status, { 'content-type': 'application/fhir+json', ...headers })
        .end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`, seen, stop };
}

/** The answer to a transaction that did all of it. */
export function allDone(text: string): FakeAnswer {
  const { entry = [] } = JSON.parse(text) as { entry?: unknown[] };
  return {
    status: 200,
    body: { resourceType: 'Bundle', entry: entry.map(() => ({ response: { status: '201 Created' } })) },
  };
}

export const refusal = (status: number, diagnostics: string): FakeAnswer => ({
  status,
  body: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', diagnostics }] },
});
