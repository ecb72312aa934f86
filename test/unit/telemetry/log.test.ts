/** Logs are JSON lines that nothing of a request gets into. */
import { describe, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';

const MODULE = new URL('../../../src/telemetry/log.ts', import.meta.url).href;

/** The lines that some code logs at a level. */
function logged(level: string, code: string): Record<string, unknown>[] {
  const script = `const { logger } = await import(${JSON.stringify(MODULE)}); const log = logger(${JSON.stringify(level)}); ${code}`;
  const { stderr, status } = spawnSync(
    process.execPath,
    ['--no-warnings', '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  );
  expect(status).toBe(0);
  return stderr
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('logs', () => {
  it('have the fields that are known, and no others', () => {
    const fields = `{ requestId: 'r1', method: 'GET', interaction: 'search', status: 200, milliseconds: 1.23456,
      url: '/fhir/Patient?name=Secret', body: 'Secret', headers: { authorization: 'Secret' } }`;
    const [line] = logged('info', `log.info(${fields}, 'request');`);
    expect(line).toEqual({
      level: 30,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      requestId: 'r1',
      method: 'GET',
      interaction: 'search',
      status: 200,
      milliseconds: 1.23,
      msg: 'request',
    });
  });

  it('keep to their level', () => {
    const code = `log.debug({}, 'a'); log.info({}, 'b'); log.error({ fault: 'TypeError' }, 'c');`;
    expect(logged('debug', code).map(({ msg }) => msg)).toEqual(['a', 'b', 'c']);
    expect(logged('error', code)).toEqual([expect.objectContaining({ msg: 'c', fault: 'TypeError' })]);
    expect(logged('silent', code)).toEqual([]);
  });

  it('leave stdout to data', () => {
    const script = `const { logger } = await import(${JSON.stringify(MODULE)}); logger('info').info({}, 'x');`;
    expect(
      execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'ignore'],
      }).length,
    ).toBe(0);
  });
});
