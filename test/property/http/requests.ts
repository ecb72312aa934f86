/** Random requests to a FHIR API: some are right, most are nearly right, some are nonsense. https://hl7.org/fhir/R4/http.html */
import fc from 'fast-check';
import { bundles } from './bundles.ts';
import { changed, changes, slipped, slips, type Json } from './mutate.ts';
import type { HttpRequest, Material } from './material.ts';
import { jsonPatches, pathPatches } from './patches.ts';
import { CONTENT_TYPES, HEADERS, METHODS, MODIFIERS, PARAMETERS, SEGMENTS, TYPES, VALUES } from './words.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => text.isWellFormed());
const value = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...VALUES) }, anyText);

const escapeAll = (text: string): string => encodeURIComponent(text.toWellFormed());
/** Only what the client of Node would refuse to send. */
const escapeLittle = (text: string): string =>
  text.replace(/[^\u0021-\u007e]|[#&]/gu, (one) => encodeURIComponent(one));

const pair = fc
  .record({
    name: fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...PARAMETERS) }, anyText),
    modifier: fc.constantFrom(...MODIFIERS),
    value,
    raw: fc.boolean(),
  })
  .map(({ name, modifier, value, raw }) => {
    const write = raw ? escapeLittle : escapeAll;
    return `${write(name + modifier)}=${write(value)}`;
  });

const query: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.array(pair, { maxLength: 4 }).map((pairs) => pairs.join('&')) },
  { weight: 1, arbitrary: fc.constantFrom('?', '&&', '=', '%', 'a=%E0%A4%A', '_count=1&_count=x', '=x&=') },
);
const withQuery = (path: string, text: string): string => (text === '' ? path : `${path}?${text}`);

const header = fc
  .constantFrom(...Object.keys(HEADERS))
  .chain((name) => fc.constantFrom(...HEADERS[name]!).map((text) => [name, text] as const));
const headers = fc.array(header, { maxLength: 3 }).map((all) => Object.fromEntries(all));

interface Sent {
  readonly type: string;
  readonly body: string | Uint8Array;
}

/** Bodies: mutated trees as JSON, slips in JSON and XML texts, bytes of no meaning. */
function bodies(material: Material): {
  readonly json: fc.Arbitrary<Json>;
  readonly sent: fc.Arbitrary<Sent>;
} {
  const resource = fc.constantFrom(...material.resources);
  const json = fc.tuple(resource, changes).map(([{ tree }, all]) => changed(tree, all));
  const jsonType = 'application/fhir+json';
  const sent = fc.oneof(
    { weight: 6, arbitrary: json.map((tree) => ({ type: jsonType, body: JSON.stringify(tree) })) },
    {
      weight: 3,
      arbitrary: fc.tuple(resource, slips).map(([{ tree }, all]) => ({
        type: jsonType,
        body: slipped(JSON.stringify(tree), all),
      })),
    },
    {
      weight: 4,
      arbitrary: fc.tuple(resource, slips).map(([{ xml }, all]) => ({
        type: 'application/fhir+xml',
        body: slipped(xml, all),
      })),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(...CONTENT_TYPES), fc.oneof(fc.uint8Array({ maxLength: 40 }), anyText))
        .map(([type, body]) => ({ type, body })),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom(...CONTENT_TYPES), json).map(([type, tree]) => ({
        type,
        body: JSON.stringify(tree),
      })),
    },
  );
  return { json, sent };
}

/** Any request. `material` gives what is really there, so that many of them get beyond the first check. */
export function requests(material: Material): fc.Arbitrary<HttpRequest> {
  const { json, sent } = bodies(material);
  const known = fc
    .constantFrom(...Object.keys(material.ids))
    .chain((type) => fc.constantFrom(...material.ids[type]!).map((id) => `${type}/${id}`));
  const suffix = fc.constantFrom(
    '',
    '',
    '',
    '/_history',
    '/_history/1',
    '/_history/x',
    '/Observation',
    '/*',
    '/$x',
  );
  const wild = fc.array(fc.constantFrom(...SEGMENTS), { maxLength: 5 }).map((all) => all.join('/'));
  const typed = fc.constantFrom(
    ...TYPES,
    'Patient/_search',
    '_search',
    '_history',
    'Patient/_history',
    'metadata',
    '',
  );
  const address = fc.oneof(known, typed, wild);
  const target = fc
    .tuple(address, suffix, query)
    .map(([path, more, text]) => withQuery(`/${path}${more}`, text));
  const withBody = (one: Sent, more: object): Pick<HttpRequest, 'headers' | 'body'> => ({
    headers: { 'content-type': one.type, ...more },
    body: one.body,
  });
  const read = fc
    .record({ method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD'), target, headers })
    .map((one): HttpRequest => one);
  const search = fc
    .tuple(fc.constantFrom('Patient', 'Observation', '', 'ValueSet'), query, headers)
    .map(([type, text, more]): HttpRequest => ({
      method: 'GET',
      target: withQuery(`/${type}`, text),
      headers: more,
    }));
  const form = fc.tuple(query, headers).map(([body, more]): HttpRequest => ({
    method: 'POST',
    target: '/Patient/_search',
    ...withBody({ type: 'application/x-www-form-urlencoded', body }, more),
  }));
  const write = fc
    .tuple(fc.constantFrom('POST', 'PUT'), json, query, headers)
    .map(([method, tree, text, more]): HttpRequest => {
      const { resourceType, id } = (tree ?? {}) as { resourceType?: unknown; id?: unknown };
      const type = typeof resourceType === 'string' ? escapeAll(resourceType.slice(0, 80)) : 'Patient';
      const path =
        method === 'PUT' && typeof id === 'string' ? `/${type}/${escapeAll(id.slice(0, 80))}` : `/${type}`;
      return {
        method,
        target: method === 'PUT' && typeof id !== 'string' ? withQuery(path, text) : path,
        ...withBody({ type: 'application/fhir+json', body: JSON.stringify(tree) }, more),
      };
    });
  const patch = fc
    .tuple(
      fc.oneof(known, fc.constant('Patient')),
      query,
      fc.oneof(
        jsonPatches().map((tree) => ({ type: 'application/json-patch+json', body: JSON.stringify(tree) })),
        pathPatches().map((tree) => ({ type: 'application/fhir+json', body: JSON.stringify(tree) })),
      ),
      headers,
    )
    .map(([path, text, one, more]): HttpRequest => ({
      method: 'PATCH',
      target: path === 'Patient' ? withQuery('/Patient', text) : `/${path}`,
      ...withBody(one, more),
    }));
  const bundle = fc.tuple(bundles(material, json, address), headers).map(([tree, more]): HttpRequest => ({
    method: 'POST',
    target: '/',
    ...withBody({ type: 'application/fhir+json', body: JSON.stringify(tree) }, more),
  }));
  const chaos = fc
    .tuple(fc.constantFrom(...METHODS), target, headers, fc.option(sent))
    .map(([method, at, more, one]): HttpRequest =>
      one === null ? { method, target: at, headers: more } : { method, target: at, ...withBody(one, more) },
    );
  return fc.oneof(
    { weight: 3, arbitrary: read },
    { weight: 3, arbitrary: search },
    { weight: 1, arbitrary: form },
    { weight: 5, arbitrary: write },
    { weight: 3, arbitrary: patch },
    { weight: 5, arbitrary: bundle },
    { weight: 5, arbitrary: chaos },
  );
}
