/**
 * The one way into the audit trail of a tenant: what happened is noted, and the answer waits until the note is durable. Notes of one moment go to the
 * store together. https://hl7.org/fhir/R4/auditevent.html
 */
import { fault, FhirError } from '../../fhir/model/outcome.ts';
import type { AuditStore, NewAuditPage } from '../../store/audit-port.ts';
import { SERVER, type AuditNote } from './note.ts';
import { pageOf } from './page.ts';

export interface AuditRecorder {
  /** false: `AUDIT=off`, and nothing need be put together that would be noted */
  readonly isOn: boolean;
  /** Durable when it resolves. Throws FhirError `busy` (503) where the trail cannot be written: then what was asked for must not be told. */
  note(...notes: readonly AuditNote[]): Promise<void>;
  /** notes for `UnitOfWork.audit`: they are kept with the unit, and not at all without it */
  page(notes: readonly AuditNote[]): NewAuditPage | undefined;
}

/** `AUDIT=off` */
export const NOT_RECORDED: AuditRecorder = {
  isOn: false,
  note: () => Promise.resolve(),
  page: () => undefined,
};

/** Notes of one page. */
const TOGETHER = 500;

interface Waiting {
  readonly notes: readonly AuditNote[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** `serves`: `ACCESS`; where tokens are asked for, what comes without any is the server itself. */
export function auditRecorder(store: AuditStore, serves: 'open' | 'smart'): AuditRecorder {
  const named = (note: AuditNote): AuditNote =>
    serves === 'smart' && note.who.kind === 'open' ? { ...note, who: SERVER } : note;
  const enter = entering(store);
  return {
    isOn: true,
    note: (...notes) => (notes.length === 0 ? Promise.resolve() : enter(notes.map(named))),
    page: (notes) => (notes.length === 0 ? undefined : pageOf(notes.map(named))),
  };
}

/** One append of this thread is under way at a time; what is noted meanwhile makes the next one. */
function entering(store: AuditStore): (notes: readonly AuditNote[]) => Promise<void> {
  let line: Waiting[] = [];
  let running = false;
  const run = async (): Promise<void> => {
    while (line.length > 0) {
      const taken = line;
      line = [];
      try {
        await appendAll(store, taken);
        for (const { resolve } of taken) resolve();
      } catch (error) {
        const refusal = untold(error);
        for (const { reject } of taken) reject(refusal);
      }
    }
    running = false;
  };
  return (notes) => {
    const done = new Promise<void>((resolve, reject) => line.push({ notes, resolve, reject }));
    if (!running) {
      running = true;
      setImmediate(() => void run());
    }
    return done;
  };
}

async function appendAll(store: AuditStore, taken: readonly Waiting[]): Promise<void> {
  const notes = taken.flatMap((one) => one.notes);
  const appends: Promise<void>[] = [];
  for (let from = 0; from < notes.length; from += TOGETHER)
    appends.push(store.append(pageOf(notes.slice(from, from + TOGETHER))));
  await Promise.all(appends);
}

/** What is not on record is not told. */
function untold(error: unknown): FhirError {
  const why = error instanceof FhirError ? `: ${error.message}` : '';
  return fault('busy', `The audit trail cannot be written, so this is not answered${why}`);
}
