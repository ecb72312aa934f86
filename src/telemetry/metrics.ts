/**
 * What the program counts of itself, for Prometheus. Labels are names from tables and numbers, never anything of a request. Each thread counts for
 * itself (label `thread`); an answer has those of all threads. https://prometheus.io/docs/practices/naming/
 */
import { performance } from 'node:perf_hooks';
import { threadId } from 'node:worker_threads';
import { COMMIT_BOUNDS, LATENCY_BOUNDS, type Committed, type Counted } from './buckets.ts';
import { histogram, render, sample, type Family } from './families.ts';
import { exchange, type Exchange } from './threads.ts';

const requests = histogram(
  'embergate_request_seconds',
  'Time to answer FHIR requests, by interaction and status.',
  LATENCY_BOUNDS,
);
const commits = histogram(
  'embergate_commit_seconds',
  'Time of one group of commits in the store.',
  LATENCY_BOUNDS,
);
const units = histogram(
  'embergate_commit_units',
  'Units of work that were committed together.',
  COMMIT_BOUNDS,
);
const gauges = new Map<string, { readonly help: string; readonly read: () => number }>();

let others: Exchange | undefined;

/** From the first count on, this thread answers the others. */
function join(): Exchange {
  return (others ??= exchange(ownFamilies));
}

/** Counts one answered request. */
export function countRequest({ method, interaction, status, milliseconds }: Counted): void {
  join();
  const known = /^[A-Z]{1,10}$/.test(method) ? method : 'other';
  requests.observe({ method: known, interaction, status }, milliseconds / 1000);
}

/** Counts one group of commits. */
export function countCommits({ store, together, milliseconds }: Committed): void {
  join();
  commits.observe({ store }, milliseconds / 1000);
  units.observe({ store }, together);
}

/** A value that is read when metrics are asked for, such as the length of a queue. A second one of the same name takes the place of the first. */
export function gauge(name: string, help: string, read: () => number): void {
  join();
  gauges.set(name, { help, read });
}

/** All metrics of the process. */
export async function metricsText(): Promise<{ readonly contentType: string; readonly text: string }> {
  const families = [...(await join().collect()), ...processFamilies()];
  return { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: render(families) };
}

function ownFamilies(): Family[] {
  const thread = { thread: threadId };
  const own = [...gauges].map(([name, { help, read }]): Family => ({
    name,
    help,
    type: 'gauge',
    samples: [sample(name, thread, read())],
  }));
  const { utilization } = performance.eventLoopUtilization();
  return [
    ...[requests, commits, units].map((one) => one.family(thread)),
    ...own,
    gaugeFamily(
      'embergate_heap_bytes',
      'JavaScript heap of a thread.',
      process.memoryUsage().heapUsed,
      thread,
    ),
    gaugeFamily(
      'embergate_event_loop_utilization',
      'Share of time that a thread was busy since its start, 0 to 1.',
      utilization,
      thread,
    ),
  ];
}

function processFamilies(): Family[] {
  const { user, system } = process.cpuUsage();
  const cpu = 'process_cpu_seconds_total';
  return [
    gaugeFamily(
      'process_resident_memory_bytes',
      'Resident memory of the process.',
      process.memoryUsage.rss(),
    ),
    gaugeFamily(
      'process_start_time_seconds',
      'Start of the process, seconds since 1970.',
      Math.round(Date.now() / 1000 - process.uptime()),
    ),
    {
      name: cpu,
      help: 'CPU time of the process.',
      type: 'counter',
      samples: [sample(cpu, {}, (user + system) / 1e6)],
    },
  ];
}

function gaugeFamily(
  name: string,
  help: string,
  value: number,
  labels: Readonly<Record<string, number>> = {},
): Family {
  return { name, help, type: 'gauge', samples: [sample(name, labels, value)] };
}
