/**
 * A FHIR interaction as data. Handlers know no HTTP framework: they take a FhirRequest and give a FhirResponse, so HTTP, batch entries, jobs and
 * interop all enter by the same door. https://hl7.org/fhir/R4/http.html
 */
import type { JsonObject } from '../fhir/model/tree.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';

export interface FhirRequest {
  readonly method: Method;
  /** decoded path segments below the FHIR base: `['Patient', '1', '_history', '2']` */
  readonly path: readonly string[];
  /** decoded query parameters in the order they were sent; a form body of `_search` is appended */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** lower-case names */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: RequestBody;
  /** of an entry: the text of its Bundle and the place in it, `Bundle.entry[2]` */
  readonly within?: { readonly text: string; readonly place: string };
  /** absolute FHIR base without a trailing slash: `http://localhost:8080/fhir` */
  readonly baseUrl: string;
  /** X-Request-Id */
  readonly id: string;
  /** an entry of a batch that came with an Idempotency-Key; of other requests their header says it */
  readonly once?: OnceKey;
}

/** A write that may come again, and shall be done once. */
export interface OnceKey {
  /** a hash of caller and key */
  readonly id: string;
  /** a hash of the request */
  readonly print: string;
}

/** What came in: text of a known format, or (from a bundle entry) a tree. */
export type RequestBody =
  | { readonly kind: 'text'; readonly mediaType: string; readonly text: string }
  | { readonly kind: 'tree'; readonly tree: JsonObject };

export interface FhirResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: ResponseBody;
}

/** JSON that goes out: stored bytes as they are, pieces of bytes to be joined, or a tree made for the occasion. */
export type ResponseBody =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'pieces'; readonly pieces: readonly Uint8Array[] }
  | { readonly kind: 'tree'; readonly tree: JsonObject };
