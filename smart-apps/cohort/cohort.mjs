#!/usr/bin/env node
/**
 * A backend service: signs an assertion with its private key, gets a token for it, and pages through a cohort. Plain Node, no package.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
 */
import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const USAGE = `Lists people with diabetes and their last HbA1c.

  node smart-apps/cohort/cohort.mjs --key FILE [--fhir URL] [--client ID] [--page N]

  --key     the private key as a JWK (the server prints its path when the demo is loaded)
  --fhir    FHIR base URL (default http://localhost:8080/fhir)
  --client  client id (default demo-backend)
  --page    resources a page (default 50)`;

const ALGORITHMS = { RSA: { alg: 'RS384' }, EC: { alg: 'ES384', dsaEncoding: 'ieee-p1363' } };
const DIABETES = 'http://snomed.info/sct|44054006';
const HBA1C = 'http://loinc.org|4548-4';

const base64url = (value) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A JSON Web Token that proves who we are: for this token endpoint, for the next minutes, for one use. */
export function assertion(jwk, clientId, tokenEndpoint, now = Math.floor(Date.now() / 1000)) {
  const { alg, dsaEncoding } = ALGORITHMS[jwk.kty];
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: tokenEndpoint,
    jti: randomUUID(),
    iat: now,
    exp: now + 240,
  };
  const text = `${base64url({ alg, kid: jwk.kid, typ: 'JWT' })}.${base64url(claims)}`;
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  return `${text}.${sign('sha384', Buffer.from(text), { key, dsaEncoding }).toString('base64url')}`;
}

async function asJson(response) {
  const body = await response.json();
  if (response.ok) return body;
  throw new Error(
    `${response.status} from ${response.url}: ${body.error_description ?? body.error ?? body.issue?.[0]?.diagnostics}`,
  );
}

export async function connect({ fhir, client, jwk }) {
  const { token_endpoint: endpoint } = await asJson(await fetch(`${fhir}/.well-known/smart-configuration`));
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    scope: 'system/Patient.rs system/Condition.rs system/Observation.rs',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion(jwk, client, endpoint),
  });
  const { access_token: token } = await asJson(await fetch(endpoint, { method: 'POST', body }));
  const headers = { authorization: `Bearer ${token}`, accept: 'application/fhir+json' };
  const read = async (path) =>
    asJson(await fetch(path.startsWith('http') ? path : `${fhir}/${path}`, { headers }));
  return { read };
}

/** The pages of a search, each as its resources; one page is in memory at a time. */
export async function* pages(read, path) {
  for (let next = path; next;) {
    const page = await read(next);
    yield (page.entry ?? []).filter(({ search }) => search?.mode === 'match').map(({ resource }) => resource);
    next = page.link?.find(({ relation }) => relation === 'next')?.url;
  }
}

const idOf = ({ subject }) => subject.reference.split('/').at(-1);
const query = (parameters) => new URLSearchParams(parameters).toString();

/** { id, name, birthDate, value?, date? } of each person with the condition. A page of people costs three requests, however many are on it. */
export async function* cohort(read, page) {
  const seen = new Set();
  for await (const conditions of pages(read, `Condition?${query({ code: DIABETES, _count: page })}`)) {
    const ids = [...new Set(conditions.map(idOf))].filter((id) => !seen.has(id));
    if (ids.length === 0) continue;
    ids.forEach((id) => seen.add(id));
    const [people, results] = await Promise.all([
      all(read, `Patient?${query({ _id: ids.join(','), _count: page })}`),
      all(read, `Observation?${query({ patient: ids.join(','), code: HBA1C, _sort: '-date', _count: 200 })}`),
    ]);
    for (const person of people)
      yield row(
        person,
        results.find((result) => idOf(result) === person.id),
      );
  }
}

async function all(read, path) {
  const found = [];
  for await (const resources of pages(read, path)) found.push(...resources);
  return found;
}

function row({ id, name, birthDate }, last) {
  const { given = [], family } = name?.[0] ?? {};
  const fullName = [...given, family].filter(Boolean).join(' ');
  return { id, name: fullName, birthDate, value: last?.valueQuantity?.value, date: last?.effectiveDateTime };
}

async function main() {
  const { values } = parseArgs({
    options: {
      key: { type: 'string' },
      fhir: { type: 'string', default: 'http://localhost:8080/fhir' },
      client: { type: 'string', default: 'demo-backend' },
      page: { type: 'string', default: '50' },
      help: { type: 'boolean' },
    },
  });
  if (values.help || !values.key) return void console.log(USAGE);
  const { read } = await connect({ ...values, jwk: JSON.parse(readFileSync(values.key, 'utf8')) });
  let count = 0;
  for await (const { name, birthDate, value, date } of cohort(read, values.page)) {
    const result = value === undefined ? 'no HbA1c yet' : `HbA1c ${value} % on ${date.slice(0, 10)}`;
    console.log(`${name.padEnd(32)} ${birthDate}  ${result}`);
    count++;
  }
  console.log(`${count} people`);
}

if (process.argv[1] === import.meta.filename)
  await main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
