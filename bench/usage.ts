// CPU seconds and memory of a process and its children, read from /proc; undefined where there is no /proc.
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

export type Usage = { readonly cpuSeconds: number; readonly peakBytes: number };

/** USER_HZ of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

type Stat = { readonly pid: number; readonly parent: number; readonly ticks: number };

function statOf(pid: string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // Fields 14 to 17 of the manual: user and system time, its own and that of children which have ended.
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { pid: Number(pid), parent: Number(fields[1]), ticks };
  } catch {
    return undefined;
  }
}

function treeOf(root: number): readonly Stat[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(statOf);
  const stats = all.filter((stat) => stat !== undefined);
  const below = (pid: number): readonly Stat[] =>
    stats.filter((stat) => stat.parent === pid).flatMap((stat) => [stat, ...below(stat.pid)]);
  return [...stats.filter((stat) => stat.pid === root), ...below(root)];
}

function peakOf(pid: number): number {
  try {
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** CPU time since the processes started; peak of resident memory since the last `forgetPeak`, summed over the tree. */
export function usageOf(root: number): Usage | undefined {
  if (process.platform !== 'linux') return undefined;
  const tree = treeOf(root);
  return {
    cpuSeconds: tree.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND,
    peakBytes: tree.reduce((sum, { pid }) => sum + peakOf(pid), 0),
  };
}

/** Lets the peak of resident memory begin anew. */
export function forgetPeak(root: number): void {
  if (process.platform !== 'linux') return;
  for (const { pid } of treeOf(root)) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5');
    } catch {
      // Where the kernel does not allow it the peak is that of the whole life, which is only larger.
    }
  }
}
