/**
 * What a client wants written: one intent for a single interaction, many for a transaction. All writes of the server go this one way.
 * https://hl7.org/fhir/R4/http.html
 */
import type { ResourceTree } from '../../fhir/model/tree.ts';
import { FhirError } from '../../fhir/model/outcome.ts';

export type IntentKind = 'create' | 'update' | 'patch' | 'delete';

export interface Intent {
  readonly kind: IntentKind;
  readonly type: string;
  /** logical id of the URL, or the new one of a create; undefined where `criteria` decide */
  readonly id?: string;
  /** search parameters of a conditional interaction (of If-None-Exist for a create), without `?` */
  readonly criteria?: string;
  /** the If-Match header */
  readonly ifMatch?: string;
  /** `*`: only when there is no such resource yet */
  readonly ifNoneMatch?: string;
  /** create, update: the resource that was sent; references in it may be rewritten in place */
  readonly tree?: ResourceTree;
  /** patch: gives the patched resource */
  readonly patch?: (current: ResourceTree) => ResourceTree;
  /** transaction: the entry's fullUrl */
  readonly fullUrl?: string;
  /** transaction: where the entry is, `Bundle.entry[3]`; empty for a single interaction */
  readonly place: string;
}

/** What became of an intent once it is committed. */
export interface Effect {
  readonly status: 200 | 201 | 204;
  readonly type: string;
  /** undefined: nothing was there to be deleted */
  readonly id?: string;
  readonly versionId?: number;
  readonly instant?: number;
  /** the JSON text of the version; undefined after a delete */
  readonly body?: () => Uint8Array;
  /** the caller may not read it: the text must not go out */
  readonly withheld?: boolean;
  /** it was done by an earlier request with the same Idempotency-Key */
  readonly replayed?: boolean;
}

/** Runs `work` and names the entry in whatever it refuses. */
export function atPlace<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw placed(error, place);
  }
}

/** A FhirError with the entry's place put before each message and expression. */
export function placed(error: unknown, place: string): unknown {
  if (!(error instanceof FhirError) || place === '') return error;
  const issues = error.issues.map((issue) => ({
    ...issue,
    diagnostics: `${place}: ${issue.diagnostics}`,
    expression: issue.expression?.map((one) =>
      `${place}.resource.${one.replace(/^[A-Za-z]+\.?/, '')}`.replace(/\.$/, ''),
    ) ?? [place],
  }));
  return new FhirError(error.status, issues, error.headers);
}
