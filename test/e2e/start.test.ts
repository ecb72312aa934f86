/** Starting and stopping as a process: cold start, one clear line for what is wrong, an orderly end, data that stays. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { apiOf } from '../support/api.ts';
import { freePort, startServerProcess } from '../support/server-process.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'embergate-start-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the server until it ends by itself. */
function run(settings: Record<string, string>): Promise<{ code: number | null; errors: string }> {
  return new Promise((done) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'src/main.ts', 'serve'], {
      cwd: ROOT,
      env: { ...process.env, DEMO: 'off', STORE: 'sqlite::memory:', ...settings },
    });
    let errors = '';
    child.stderr.on('data', (chunk) => (errors += String(chunk)));
    child.on('exit', (code) => done({ code, errors }));
    setTimeout(() => child.kill('SIGKILL'), 20_000).unref();
  });
}

describe('start', () => {
  it('answers within three seconds, with what was stored before, and ends with 0', async () => {
    const settings = { STORE: `sqlite:${join(folder, 'kept')}`, WORKERS: '2' };
    const first = await startServerProcess(settings);
    const made = await apiOf(first.base).post('/Patient', { resourceType: 'Patient', active: true });
    expect(await first.stop()).toBe(0);
    const times: number[] = [];
    for (let i = 0; i < 3; i++) {
      const began = performance.now();
      await first.restart();
      const read = await apiOf(first.base).get(`/Patient/${made.body.id}`);
      times.push(performance.now() - began);
      expect(read.body.active).toBe(true);
      expect(await first.stop()).toBe(0);
    }
    expect(Math.min(...times)).toBeLessThan(3000);
  }, 60_000);

  it.each([
    ['a setting that is no number', { PORT: 'abc' }, /^embergate: PORT is "abc"/],
    [
      'open access at an address that others can reach',
      { HOST: '0.0.0.0', ACCESS: 'open' },
      /^embergate: HOST is "0\.0\.0\.0".*loopback/,
    ],
    [
      'a MongoDB that is not there',
      { STORE: 'mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=500' },
      /^embergate: .*MongoDB/,
    ],
  ])(
    'says in one line what is wrong with %s',
    async (_name, settings, message) => {
      const { code, errors } = await run({ PORT: String(await freePort()), ...settings });
      expect([code, errors.trim().split('\n').length]).toEqual([1, 1]);
      expect(errors).toMatch(message);
    },
    30_000,
  );

  it('says in one line that the port is taken', async () => {
    const other = createServer();
    const port = await new Promise<number>((done) => {
      other.listen(0, '127.0.0.1', () => done((other.address() as { port: number }).port));
    });
    const { code, errors } = await run({ PORT: String(port) });
    other.close();
    expect(code).toBe(1);
    expect(errors.trim()).toMatch(new RegExp(`^embergate: Port ${port} .*taken`));
    expect(errors.trim().split('\n')).toHaveLength(1);
  }, 30_000);

  it('says in one line that the data folder cannot be used', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, 'not a folder');
    const { code, errors } = await run({ PORT: String(await freePort()), STORE: `sqlite:${file}` });
    expect([code, errors.trim().split('\n').length]).toEqual([1, 1]);
    expect(errors).toMatch(/^embergate: /);
  }, 30_000);
});
