/** What random requests are, and what they are made of. */
import type { Json } from './mutate.ts';

export interface HttpRequest {
  readonly method: string;
  /** below the FHIR base, with its query, as it goes over the wire */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** What the arbitraries draw from: ids that exist, and resources as they are in both formats. */
export interface Material {
  readonly ids: Readonly<Record<string, readonly string[]>>;
  readonly resources: readonly { readonly tree: Json; readonly xml: string }[];
}
