// One measurement: a job of the driver with the processor time and memory that it cost the subject.

import type { Driver } from './drive.ts';
import type { Job, Result } from './job.ts';
import type { Kind, Subject } from './subjects.ts';
import { forgetPeak, usageOf } from './usage.ts';

export type Measurement = {
  readonly kind: Kind;
  /** Requests a second, or resources a second for an import. */
  readonly rate: number;
  /** CPU seconds for 1,000 requests or resources, of the subject and of the mongod; undefined without /proc. */
  readonly cpu: number | undefined;
  readonly mongodCpu: number | undefined;
  readonly peakBytes: number | undefined;
  readonly p50: number;
  readonly p99: number;
  /** Bytes on disk and of JSON for each resource; imports on the embedded store only. */
  readonly diskBytes?: number;
  readonly jsonBytes?: number;
};

/** A wrong answer spoils a measurement: what is fast but wrong is not measured. */
function refuseWrong(subject: Subject, { wrong, requests, firstWrong }: Result): void {
  if (wrong === 0) return;
  throw new Error(
    `${wrong} of ${requests} answers of the ${subject.kind} were refusals, the first: ${firstWrong}`,
  );
}

export type Context = { readonly driver: Driver; readonly mongodPid: (() => number) | undefined };

/** Runs the job against the subject; `units` is what its requests stand for, if not themselves. */
export async function measure(
  context: Context,
  subject: Subject,
  job: Job,
  units?: number,
): Promise<Measurement> {
  const mongodPid = context.mongodPid?.();
  forgetPeak(subject.pid);
  const before = usageOf(subject.pid);
  const mongodBefore = mongodPid === undefined ? undefined : usageOf(mongodPid);
  const result = await context.driver.run(job);
  const after = usageOf(subject.pid);
  const mongodAfter = mongodPid === undefined ? undefined : usageOf(mongodPid);
  refuseWrong(subject, result);
  const count = units ?? result.requests;
  const perThousand = (from: typeof before, to: typeof before): number | undefined =>
    from && to && ((to.cpuSeconds - from.cpuSeconds) / count) * 1000;
  return {
    kind: subject.kind,
    rate: count / result.seconds,
    cpu: perThousand(before, after),
    mongodCpu: perThousand(mongodBefore, mongodAfter),
    peakBytes: after?.peakBytes,
    p50: result.p50,
    p99: result.p99,
  };
}
