/**
 * The one way into the audit trail of a tenant: what happened is noted, and the answer waits until the note is durable. Notes of one moment go to the
 * store together. https://hl7.org/fhir/R4/auditevent.html
 */
import type { NewAuditPage } from '../../store/ports.ts';
import type { AuditNote } from './note.ts';

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
