/** Settings: defaults, and one clear line for each bad value. */
import { describe, expect, it } from '@jest/globals';
import { availableParallelism } from 'node:os';
import { readConfig } from '../../src/config.ts';

describe('settings', () => {
  it('have the documented defaults', () => {
    expect(readConfig({ WORKERS: '2' })).toMatchObject({
      port: 8080,
      host: '127.0.0.1',
      publicUrl: 'http://localhost:8080',
      store: { kind: 'sqlite', location: './data' },
      access: 'smart',
      validation: 'strict',
      workers: 2,
    });
  });

  it.each([
    [{ PORT: 'x' }, /PORT is "x".*whole number/],
    [{ PORT: '70000' }, /PORT/],
    [{ HOST: '0.0.0.0', ACCESS: 'open' }, /HOST is "0.0.0.0".*loopback/],
    [{ ACCESS: 'shut' }, /ACCESS is "shut".*open, smart/],
    [{ STORE: 'postgres://x' }, /STORE is "postgres:.*sqlite:FOLDER/],
    [{ VALIDATION: 'yes' }, /VALIDATION is "yes".*strict, structure, off/],
    [{ PUBLIC_URL: 'fhir.example.org' }, /PUBLIC_URL/],
    [{ WORKERS: '0' }, /WORKERS/],
    [{ EGRESS_ALLOW: '10.0.0.0/8, *' }, /EGRESS_ALLOW holds "\*".*networks/],
  ])('refuse %j', (environment, message) => {
    expect(() => readConfig(environment as Record<string, string>)).toThrow(message);
  });

  it('leave a core to the thread that commits to MongoDB, where there are several', () => {
    const cores = availableParallelism();
    expect(readConfig({}).workers).toBe(cores);
    expect(readConfig({ STORE: 'mongodb://127.0.0.1/?replicaSet=rs' }).workers).toBe(Math.max(1, cores - 1));
    expect(readConfig({ STORE: 'mongodb://127.0.0.1/', WORKERS: '5' }).workers).toBe(5);
  });

  it('let a server that asks for tokens listen anywhere', () => {
    expect(readConfig({ HOST: '0.0.0.0', ACCESS: 'smart' }).host).toBe('0.0.0.0');
  });

  it.each(['127.0.0.1', 'localhost', '::1', '127.9.9.9'])('take the loopback host %s', (host) => {
    expect(readConfig({ HOST: host }).host).toBe(host);
  });
});
