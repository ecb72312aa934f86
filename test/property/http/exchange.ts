/** Sends one request as it is, and says what is wrong with the answer. https://hl7.org/fhir/R4/http.html#Status-Codes */
import { Agent, request as openRequest } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Definitions } from '../../../src/fhir/definitions/registry.ts';
import type { ResourceTree } from '../../../src/fhir/model/tree.ts';
import { parseXml } from '../../../src/fhir/model/xml.ts';
import { validateStructure } from '../../../src/fhir/validation/structure.ts';
import type { HttpRequest } from './material.ts';

export interface Exchange {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly milliseconds: number;
}

/** Time within which every request must be answered. */
export const PATIENCE_MS = 5000;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
export const closeConnections = (): void => agent.destroy();

const DECODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
};

/** Rejects when there is no whole answer in time. */
export function exchange(base: URL, sent: HttpRequest): Promise<Exchange> {
  const started = performance.now();
  // Without a length, Node's client would send the body of a GET unframed.
  const length = sent.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(sent.body)) };
  return new Promise((resolve, reject) => {
    const outgoing = openRequest(
      {
        agent,
        host: base.hostname,
        port: base.port,
        path: base.pathname + sent.target,
        method: sent.method,
        headers: { ...sent.headers, ...length },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          clearTimeout(timer);
          const bytes = Buffer.concat(chunks);
          const decode = DECODERS[incoming.headers['content-encoding'] ?? ''];
          const text = (decode && bytes.length > 0 ? decode(bytes) : bytes).toString('utf8');
          const milliseconds = performance.now() - started;
          resolve({ status: incoming.statusCode!, headers: incoming.headers, text, milliseconds });
        });
      },
    );
    const timer = setTimeout(() => {
      outgoing.destroy();
      reject(new Error(`No answer in ${PATIENCE_MS} ms`));
    }, PATIENCE_MS);
    outgoing.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    outgoing.end(sent.body);
  });
}

/** Words that only the program's own failure could bring into an answer. */
const INSIDES =
  /node_modules|\.ts:\d+|\bat (?:async )?[\w.<>]+ \(|TypeError|RangeError|ReferenceError|SyntaxError|Cannot read prop|is not a function|is not iterable|SQLITE_|ERR_[A-Z]{3}|MongoServerError|\[object Object\]/;

/**
 * What an answer must never be; each fault is a sentence. Where the server was told not to validate (`strict` is false), what it stored may be
 * said in an XML that no one could read.
 */
export function faultsOf(
  definitions: Definitions,
  sent: HttpRequest,
  { status, headers, text }: Exchange,
  strict = true,
): string[] {
  const faults: string[] = [];
  if (status >= 500 && status !== 503) faults.push(`status ${status}`);
  if (INSIDES.test(text)) faults.push(`the answer shows the program's insides: ${INSIDES.exec(text)![0]}`);
  if (headers['x-request-id'] === undefined && sent.method !== 'OPTIONS') faults.push('no X-Request-Id');
  if (status === 405 && headers['allow'] === undefined) faults.push('405 without Allow');
  const type = String(headers['content-type']);
  // The content of a Binary goes out as it is.
  if (status === 200 && sent.target.startsWith('/Binary/') && !/json|xml/.test(type)) return faults;
  if (text === '') {
    if (status >= 400 && sent.method !== 'HEAD') faults.push('an error without an OperationOutcome');
    return faults;
  }
  const tree = parsed(definitions, type, text);
  if (tree === undefined && status < 400 && !strict) return faults;
  if (tree === undefined) return [...faults, `a body that is not ${type}`];
  if (status >= 400) faults.push(...outcomeFaults(definitions, tree));
  else faults.push(...bundleFaults(definitions, tree));
  return faults;
}

function parsed(definitions: Definitions, type: string, text: string): ResourceTree | undefined {
  try {
    return (type.includes('xml') ? parseXml(definitions, text) : JSON.parse(text)) as ResourceTree;
  } catch {
    return undefined;
  }
}

function outcomeFaults(definitions: Definitions, tree: ResourceTree | undefined): string[] {
  if (tree?.resourceType !== 'OperationOutcome') return ['an error without an OperationOutcome'];
  const [first] = validateStructure(definitions, tree);
  return first ? [`an OperationOutcome that breaks R4: ${first.diagnostics}`] : [];
}

interface Answered {
  readonly entry?: readonly {
    readonly response?: { readonly status?: string; readonly outcome?: ResourceTree };
  }[];
}

/** Bundles are whole R4 without what is stored, and the entries of a batch are held to the same as any answer. */
function bundleFaults(definitions: Definitions, tree: ResourceTree): string[] {
  if (tree.resourceType !== 'Bundle' || !/(-response|searchset|history)$/.test(String(tree['type'])))
    return [];
  const entry = (tree as Answered).entry?.map((one) => ({ ...one, resource: undefined }));
  const [first] = validateStructure(
    definitions,
    JSON.parse(JSON.stringify({ ...tree, entry })) as ResourceTree,
  );
  const faults = first ? [`a Bundle that breaks R4: ${first.diagnostics}`] : [];
  if (!String(tree['type']).endsWith('-response')) return faults;
  return [...faults, ...(entry ?? []).flatMap(({ response }) => entryFaults(definitions, response))];
}

function entryFaults(
  definitions: Definitions,
  response: { readonly status?: string; readonly outcome?: ResourceTree } | undefined,
): string[] {
  const status = Number(response?.status?.slice(0, 3));
  if (!(status >= 200 && status < 600)) return ['an entry without a status'];
  if (status >= 500 && status !== 503) return [`an entry with status ${status}`];
  return status >= 400 ? outcomeFaults(definitions, response?.outcome) : [];
}
