// What the bench asks of its driver process, and what it answers. Sent as JSON between the two.

/** A marker in a body that each request replaces by a number of its own, always twelve digits long. */
export const COUNTER = '@@counter@@';

export type Request = {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  /** header fields beside those of a FHIR client; their names in small letters */
  readonly headers?: Readonly<Record<string, string>>;
};

/** A resource of the CRUD loop. Its text refers to others as `{{Type}}`, which becomes their id. */
export type Template = { readonly type: string; readonly text: string };

type Load = { readonly port: number; readonly connections: number };

/** Sends the requests again and again for a time. A request belongs to one connection, so none meets itself. */
export type CycleJob = Load & {
  readonly kind: 'cycle';
  readonly seconds: number;
  readonly requests: readonly Request[];
};

/** POST each, GET each, PUT each, DELETE in reverse; then the next turn. */
export type CrudJob = Load & {
  readonly kind: 'crud';
  readonly seconds: number;
  readonly base: string;
  readonly templates: readonly Template[];
};

/** POSTs each file once. */
export type DrainJob = Load & {
  readonly kind: 'drain';
  readonly path: string;
  readonly files: readonly string[];
};

/** Sends each request once: those that can only be answered once. */
export type OnceJob = Load & { readonly kind: 'once'; readonly requests: readonly Request[] };

export type Job = CycleJob | CrudJob | DrainJob | OnceJob;

/** `requests` answered in `seconds`; latencies in milliseconds; `wrong` counts answers outside 2xx. */
export type Result = {
  readonly requests: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly p50: number;
  readonly p99: number;
  readonly wrong: number;
  readonly firstWrong?: string;
};
