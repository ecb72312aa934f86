/**
 * Metrics in the text format of Prometheus. Each HTTP thread counts for itself and is told apart by the label `thread`; labels are names from the
 * route table and numbers, never anything of a request. https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import { threadId } from 'node:worker_threads';
import { LATENCY_BOUNDS, type Counted } from './buckets.ts';

interface Series {
  count: number;
  seconds: number;
  readonly buckets: number[];
}

const series = new Map<string, Series>();

/** Counts one answered request. */
export function countRequest({ method, interaction, status, milliseconds }: Counted): void {
  const key = `method="${/^[A-Z]{1,10}$/.test(method) ? method : 'other'}",interaction="${interaction}",status="${status}"`;
  let one = series.get(key);
  if (!one) series.set(key, (one = { count: 0, seconds: 0, buckets: LATENCY_BOUNDS.map(() => 0) }));
  const seconds = milliseconds / 1000;
  one.count++;
  one.seconds += seconds;
  const bucket = LATENCY_BOUNDS.findIndex((bound) => seconds <= bound);
  if (bucket >= 0) one.buckets[bucket]!++;
}

/** All metrics of this thread. */
export async function metricsText(): Promise<{ readonly contentType: string; readonly text: string }> {
  const lines = [
    '# HELP embergate_request_seconds Time to answer FHIR requests.',
    '# TYPE embergate_request_seconds histogram',
    ...[...series].flatMap(([labels, one]) => histogram(`thread="${threadId}",${labels}`, one)),
    ...processLines(),
  ];
  return { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: `${lines.join('\n')}\n` };
}

function histogram(labels: string, { count, seconds, buckets }: Series): string[] {
  let below = 0;
  const rows = LATENCY_BOUNDS.map((bound, i) => `embergate_request_seconds_bucket{${labels},le="${bound}"} ${(below += buckets[i]!)}`);
  return [
    ...rows,
    `embergate_request_seconds_bucket{${labels},le="+Inf"} ${count}`,
    `embergate_request_seconds_sum{${labels}} ${seconds}`,
    `embergate_request_seconds_count{${labels}} ${count}`,
  ];
}

function processLines(): string[] {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return [
    '# HELP process_resident_memory_bytes Resident memory of the whole process.',
    '# TYPE process_resident_memory_bytes gauge',
    `process_resident_memory_bytes ${rss}`,
    '# HELP embergate_heap_bytes JavaScript heap of this thread.',
    '# TYPE embergate_heap_bytes gauge',
    `embergate_heap_bytes{thread="${threadId}"} ${heapUsed}`,
    '# HELP process_cpu_seconds_total CPU time of the whole process.',
    '# TYPE process_cpu_seconds_total counter',
    `process_cpu_seconds_total ${(user + system) / 1e6}`,
  ];
}
