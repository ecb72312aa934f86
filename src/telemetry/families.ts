/** Counters, gauges and histograms of one thread, and their text form. https://prometheus.io/docs/instrumenting/exposition_formats/ */

/** One metric with all its series. Samples are lines of text, so that a family can be sent from thread to thread. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: readonly string[];
}

export type Labels = Readonly<Record<string, string | number>>;

export interface Histogram {
  /** counts one observation; labels are few and known beforehand: never anything of a request's content */
  readonly observe: (labels: Labels, value: number) => void;
  readonly family: (extra: Labels) => Family;
}

interface Series {
  readonly labels: Labels;
  readonly buckets: number[];
  count: number;
  sum: number;
}

/** `bounds` rise; an observation counts in the first bucket whose bound is not below it. */
export function histogram(name: string, help: string, bounds: readonly number[]): Histogram {
  const series = new Map<string, Series>();
  const observe = (labels: Labels, value: number): void => {
    const key = Object.values(labels).join('\n');
    let one = series.get(key);
    if (!one) series.set(key, (one = { labels, buckets: bounds.map(() => 0), count: 0, sum: 0 }));
    one.count++;
    one.sum += value;
    const bucket = bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) one.buckets[bucket]!++;
  };
  const family = (extra: Labels): Family => ({
    name,
    help,
    type: 'histogram',
    samples: [...series.values()].flatMap((one) => histogramLines(name, bounds, one, extra)),
  });
  return { observe, family };
}

function histogramLines(
  name: string,
  bounds: readonly number[],
  { labels, buckets, count, sum }: Series,
  extra: Labels,
): string[] {
  const all = { ...extra, ...labels };
  let below = 0;
  return [
    ...bounds.map((bound, i) => sample(`${name}_bucket`, { ...all, le: bound }, (below += buckets[i]!))),
    sample(`${name}_bucket`, { ...all, le: '+Inf' }, count),
    sample(`${name}_sum`, all, sum),
    sample(`${name}_count`, all, count),
  ];
}

/** `name{a="b"} 1` */
export function sample(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escape(String(text))}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`;
}

const escape = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** The text of all families; those of the same name, from several threads, stand together as the format wants. */
export function render(families: readonly Family[]): string {
  const groups = Map.groupBy(families, ({ name }) => name);
  const lines = [...groups.values()].flatMap((group) => {
    const { name, help, type } = group[0]!;
    return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...group.flatMap(({ samples }) => samples)];
  });
  return `${lines.join('\n')}\n`;
}
