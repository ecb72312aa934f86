/** Sends bundles to a server, a bounded number at a time, and tells what was refused. */

export interface SendResult {
  readonly ok: boolean;
  /** what the server said, when it refused */
  readonly reason?: string;
  readonly entries: number;
}

/** POSTs one transaction or batch to the base URL. Never throws for an answer; throws when the server cannot be reached. */
export async function sendBundle(base: string, text: string): Promise<SendResult> {
  const response = await fetch(base, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json', accept: 'application/fhir+json', prefer: 'return=minimal' },
    body: text,
    signal: AbortSignal.timeout(300_000),
  }).catch((error: Error) => {
    throw new Error(`${base} cannot be reached: ${(error.cause as Error | undefined)?.message ?? error.message}`);
  });
  const body = (await response.json().catch(() => ({}))) as { entry?: unknown[]; issue?: { diagnostics?: string }[] };
  if (response.ok) return { ok: true, entries: body.entry?.length ?? 0 };
  return { ok: false, entries: 0, reason: `${response.status} ${body.issue?.[0]?.diagnostics ?? ''}`.trim() };
}

/** Runs `work` over all items, `parallel` at a time, in their order of starting. */
export async function eachOf<T>(items: Iterable<T> | AsyncIterable<T>, parallel: number, work: (item: T) => Promise<void>): Promise<void> {
  const running = new Set<Promise<void>>();
  for await (const item of items) {
    const one = work(item).finally(() => running.delete(one));
    running.add(one);
    if (running.size >= parallel) await Promise.race(running);
  }
  await Promise.all(running);
}
