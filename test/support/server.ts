/** A server of our own for a test: in this process, on a free port, over a real socket. */
import { readConfig } from '../../src/config.ts';
import { start } from '../../src/serve.ts';

export interface TestServer {
  readonly base: string;
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Starts the server with the settings of a test; WORKERS=1, no demo, open access, silent unless said otherwise. */
export async function startServer(environment: Record<string, string>): Promise<TestServer> {
  const quiet = { PORT: '0', WORKERS: '1', DEMO: 'off', ACCESS: 'open', LOG_LEVEL: 'silent' };
  const config = readConfig({ ...quiet, ...environment });
  const running = await start(config);
  const url = running.url.replace('localhost', '127.0.0.1');
  return { base: `${url}/fhir`, url, stop: running.stop };
}
