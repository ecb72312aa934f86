/** The app: asks for access on its own (standalone launch), then shows the record as a timeline. */
import { authorize, finish, forget, kept, read, readAll, refresh } from './smart.js';
import { KINDS, timeline } from './entries.js';

const SCOPE = [
  'openid fhirUser offline_access',
  'patient/Patient.r patient/Practitioner.r',
  ...Object.keys(KINDS).map((type) => `patient/${type}.rs`),
].join(' ');
const at = (id) => document.getElementById(id);
const say = (text) => (at('status').textContent = text);
const day = (date) =>
  new Date(date).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });

start().catch((error) => say(`My Record could not go on: ${error.message}`));

async function start() {
  const parameters = new URLSearchParams(location.search);
  if (parameters.has('code') || parameters.has('error')) await finish(parameters);
  else if (parameters.has('iss')) return begin(parameters);
  if (!kept()?.token)
    return say('Open this page with ?iss=<FHIR base URL>, or start it from the app gallery.');
  at('actions').hidden = false;
  at('leave').addEventListener('click', leave);
  at('refresh').addEventListener('click', () => again().catch((error) => say(error.message)));
  return show();
}

function begin(parameters) {
  const launch = parameters.get('launch') ?? undefined;
  return authorize({
    iss: parameters.get('iss').replace(/\/$/, ''),
    clientId: parameters.get('client_id') ?? 'my-record',
    scope: `${launch ? 'launch' : 'launch/patient'} ${SCOPE}`,
    redirectUri: location.origin + location.pathname,
    launch,
  });
}

async function again() {
  if (kept().token.refresh_token) await refresh();
  await show();
}

function leave() {
  forget();
  location.reload();
}

async function show() {
  const { patient: id } = kept().token;
  if (!id) return say('The server gave access, but to nobody’s record.');
  const patient = await read(`Patient/${id}`);
  const name = patient.name?.[0];
  at('who').textContent = name?.text ?? [...(name?.given ?? []), name?.family].filter(Boolean).join(' ');
  const types = Object.keys(KINDS);
  let done = 0;
  const readType = async (type) => {
    // What was not granted is left out, not an error: people may share a part.
    const found = await readAll(`${type}?patient=${id}&_count=200`).catch(() => []);
    say(`Reading your record: ${++done} of ${types.length}`);
    return found;
  };
  const lines = timeline((await Promise.all(types.map(readType))).flat());
  say(`${lines.length} entries`);
  filter(lines);
}

/** A checkbox a kind; all ticked but results, which are many. */
function filter(lines) {
  const kinds = [...new Set(lines.map(({ kind }) => kind))].sort();
  const draw = () => {
    const wanted = new Set([...at('kinds').querySelectorAll('input:checked')].map(({ value }) => value));
    at('timeline').replaceChildren(...years(lines.filter(({ kind }) => wanted.has(kind))));
  };
  at('kinds').hidden = kinds.length === 0;
  at('kinds').replaceChildren(at('kinds').firstElementChild, ...kinds.map((kind) => box(kind, draw)));
  draw();
}

function box(kind, changed) {
  const label = document.createElement('label');
  const input = Object.assign(document.createElement('input'), {
    type: 'checkbox',
    value: kind,
    checked: kind !== 'Results',
  });
  input.addEventListener('change', changed);
  label.append(input, ` ${kind}`);
  return label;
}

function years(lines) {
  const groups = Map.groupBy(lines, ({ when }) => when?.slice(0, 4) ?? 'Without a date');
  return [...groups].flatMap(([year, list]) => {
    const heading = Object.assign(document.createElement('h2'), { textContent: year });
    const items = Object.assign(document.createElement('ol'), { className: 'timeline' });
    items.append(
      ...Map.groupBy(list, ({ when }) => when?.slice(0, 10) ?? '')
        .entries()
        .map(dayItem),
    );
    return [heading, items];
  });
}

/** What happened on one day. */
function dayItem([date, lines]) {
  const item = document.createElement('li');
  if (date) {
    const time = document.createElement('time');
    item.append(Object.assign(time, { dateTime: date, title: lines[0].when, textContent: whenOf(date) }));
  }
  const list = document.createElement('ul');
  list.append(...lines.map(lineItem));
  item.append(list);
  return item;
}

/** A date may be known to the month or the year only. */
function whenOf(date) {
  const known = { 4: { year: 'numeric' }, 7: { year: 'numeric', month: 'long' } }[date.length];
  return known ? new Date(date).toLocaleDateString('en-GB', known) : day(date);
}

function lineItem({ kind, what }) {
  const item = document.createElement('li');
  const label = Object.assign(document.createElement('small'), { textContent: kind });
  item.append(label, Object.assign(document.createElement('span'), { textContent: what }));
  return item;
}
