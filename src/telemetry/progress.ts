/** Progress of long work: a bar on a terminal, a plain line every few seconds elsewhere. Written to stderr, so that stdout stays data. */
import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  readonly update: (done: number) => void;
  readonly stop: () => void;
}

const LINE_EVERY_MS = 5000;

export function progress(title: string, total: number): Progress {
  return process.stderr.isTTY ? bar(title, total) : lines(title, total);
}

function bar(title: string, total: number): Progress {
  const format = `${title} [{bar}] {value}/{total} {eta_formatted}`;
  const one = new SingleBar(
    { format, stream: process.stderr, hideCursor: true, clearOnComplete: false },
    Presets.rect,
  );
  one.start(total, 0);
  return { update: (done) => one.update(done), stop: () => one.stop() };
}

function lines(title: string, total: number): Progress {
  let last = Date.now();
  let seen = 0;
  const say = (): void => void process.stderr.write(`${title}: ${seen} of ${total}\n`);
  return {
    update: (done) => {
      seen = done;
      if (Date.now() - last < LINE_EVERY_MS) return;
      last = Date.now();
      say();
    },
    stop: say,
  };
}
