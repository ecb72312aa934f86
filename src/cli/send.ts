/** Sends bundles to a server and tells what was refused. https://hl7.org/fhir/R4/http.html#transaction */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bearer } from './bearer.ts';

export interface SendResult {
  /** entries that were done */
  readonly done: number;
  /** what the server said about what it refused; empty when all was done */
  readonly refused: readonly string[];
}

interface Outcome {
  readonly issue?: readonly { readonly severity?: string; readonly diagnostics?: string }[];
}

interface Answer extends Outcome {
  readonly entry?: readonly {
    readonly response?: { readonly status?: string; readonly outcome?: Outcome };
  }[];
}

/** A busy server is asked again this often, waiting as long as it says, else twice as long each time. */
const TRIES = 6;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** POSTs one transaction or batch to the base URL. Never throws for an answer; throws when the server cannot be reached. */
export async function sendBundle(
  base: string,
  text: string,
  bearer: Bearer = async () => undefined,
): Promise<SendResult> {
  for (let tried = 1; ; tried++) {
    const authorization = await bearer();
    let response = await post(base, text, authorization);
    if (response.status === 401 && authorization !== undefined)
      response = await post(base, text, await bearer(authorization));
    const answer = (await response.json().catch(() => ({}))) as Answer;
    if (response.ok) return judged(answer);
    const isBusy = response.status === 503 || response.status === 429;
    if (!isBusy || tried === TRIES) return { done: 0, refused: [reasonOf(response.status, answer)] };
    await sleep(waitOf(response, tried));
  }
}

function waitOf(response: Response, tried: number): number {
  const asked = Number(response.headers.get('retry-after')) * 1000;
  return Math.min(asked > 0 ? asked : FIRST_WAIT_MS * 2 ** (tried - 1), LONGEST_WAIT_MS);
}

async function post(base: string, body: string, authorization: string | undefined): Promise<Response> {
  const headers = {
    'content-type': 'application/fhir+json',
    accept: 'application/fhir+json',
    prefer: 'return=minimal',
    ...(authorization !== undefined && { authorization }),
  };
  try {
    return await fetch(base, { method: 'POST', headers, body, signal: AbortSignal.timeout(300_000) });
  } catch (error) {
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
    const why = cause?.code ?? cause?.message ?? (error as Error).message;
    throw new Error(`${base} cannot be reached: ${why}`, { cause: error });
  }
}

/** In the answer to a batch each entry has a status of its own. */
function judged({ entry = [] }: Answer): SendResult {
  const refused = entry.flatMap(({ response }, i) => {
    const status = Number(response?.status?.slice(0, 3) ?? 200);
    return status < 400 ? [] : [`entry ${i}: ${reasonOf(status, response?.outcome ?? {})}`];
  });
  return { done: entry.length - refused.length, refused };
}

function reasonOf(status: number, { issue = [] }: Outcome): string {
  const faults = issue.filter(({ severity }) => severity === 'error' || severity === 'fatal');
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  return `${status} ${faults[0]?.diagnostics ?? ''}${more}`.trim();
}

/** Runs `work` over all items, `parallel` at a time, in their order of starting. Stops at the first error, which it throws. */
export async function eachOf<T>(
  items: Iterable<T> | AsyncIterable<T>,
  parallel: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for await (const item of items) {
    if (failures.length > 0) break;
    const one: Promise<void> = work(item)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(one));
    running.add(one);
    if (running.size >= parallel) await Promise.race(running);
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
}
