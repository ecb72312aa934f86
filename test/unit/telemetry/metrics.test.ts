/** Metrics as Prometheus reads them. https://prometheus.io/docs/instrumenting/exposition_formats/ */
import { describe, expect, it } from '@jest/globals';
import { Worker } from 'node:worker_threads';
import { histogram, render, sample } from '../../../src/telemetry/families.ts';
import { countCommits, countRequest, gauge, metricsText } from '../../../src/telemetry/metrics.ts';

const LINE =
  /^(?:# (?:HELP|TYPE) [a-z_:]+ .+|[a-z_:]+(?:\{[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*\})? [-+\d.eInf]+)$/;

const valueOf = (text: string, name: string, ...labels: readonly string[]): number => {
  const line = text
    .split('\n')
    .find((one) => one.startsWith(`${name}{`) && labels.every((label) => one.includes(label)));
  return Number(line?.split(' ').at(-1));
};

describe('metrics', () => {
  it('count requests by interaction and status, in cumulative buckets', async () => {
    countRequest({ method: 'GET', interaction: 'read', status: 200, milliseconds: 3 });
    countRequest({ method: 'GET', interaction: 'read', status: 200, milliseconds: 30 });
    countRequest({ method: 'GET', interaction: 'read', status: 404, milliseconds: 1 });
    const { contentType, text } = await metricsText();
    expect(contentType).toContain('version=0.0.4');
    const of = (name: string, ...labels: string[]): number =>
      valueOf(text, `embergate_request_seconds_${name}`, 'interaction="read"', 'status="200"', ...labels);
    expect([
      of('bucket', 'le="0.0025"'),
      of('bucket', 'le="0.005"'),
      of('bucket', 'le="0.05"'),
      of('bucket', 'le="+Inf"'),
    ]).toEqual([0, 1, 2, 2]);
    expect([of('count'), of('sum')]).toEqual([2, 0.033]);
  });

  it('count commits, and read gauges when asked', async () => {
    let waiting = 1;
    gauge('embergate_commits_waiting', 'Commits in the queue.', () => waiting);
    countCommits({ store: 'sqlite', together: 7, milliseconds: 2 });
    waiting = 5;
    const { text } = await metricsText();
    expect(valueOf(text, 'embergate_commits_waiting')).toBe(5);
    expect(valueOf(text, 'embergate_commit_units_bucket', 'store="sqlite"', 'le="10"')).toBe(1);
    expect(valueOf(text, 'embergate_commit_units_bucket', 'store="sqlite"', 'le="5"')).toBe(0);
  });

  it('are well-formed text, each family once', async () => {
    countRequest({ method: 'odd "method"\n', interaction: 'create', status: 201, milliseconds: 1 });
    const { text } = await metricsText();
    expect(text.endsWith('\n')).toBe(true);
    const lines = text.trimEnd().split('\n');
    expect(lines.filter((line) => !LINE.test(line))).toEqual([]);
    const types = lines.filter((line) => line.startsWith('# TYPE'));
    expect(new Set(types).size).toBe(types.length);
    expect(text).toContain('method="other"');
  });

  it('of all threads are in one answer', async () => {
    const module = new URL('../../../src/telemetry/metrics.ts', import.meta.url).href;
    const code = `import(${JSON.stringify(module)}).then(({ countRequest }) => {
      countRequest({ method: 'PUT', interaction: 'update', status: 200, milliseconds: 1 });
      require('node:worker_threads').parentPort.postMessage('counted');
      setInterval(() => undefined, 1000);
    })`;
    const worker = new Worker(code, { eval: true, execArgv: ['--no-warnings'] });
    try {
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      const { text } = await metricsText();
      expect(text).toContain(`thread="${worker.threadId}",method="PUT",interaction="update",status="200"} 1`);
      expect(text.match(/# TYPE embergate_request_seconds /g)).toHaveLength(1);
    } finally {
      await worker.terminate();
    }
  });
});

describe('families', () => {
  it('escape label values', () => {
    expect(sample('a', { b: 'x"y\\z\n' }, 1)).toBe('a{b="x\\"y\\\\z\\n"} 1');
  });

  it('put an observation above all bounds into +Inf only', () => {
    const one = histogram('h', 'Help.', [1, 2]);
    one.observe({}, 3);
    expect(render([one.family({})])).toBe(
      '# HELP h Help.\n# TYPE h histogram\nh_bucket{le="1"} 0\nh_bucket{le="2"} 0\nh_bucket{le="+Inf"} 1\nh_sum 3\nh_count 1\n',
    );
  });
});
