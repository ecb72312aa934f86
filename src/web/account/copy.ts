/**
 * A copy of a record on its way to the person whose record it is: one Bundle, a line an entry, or a page to read. Files are streamed as they are read;
 * the page holds so many entries at most. https://hl7.org/fhir/R4/bundle.html#collection, https://hl7.org/fhir/R4/nd-json.html
 */
import type { Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseJson } from '../../fhir/model/json.ts';
import { isObject } from '../../fhir/model/tree.ts';
import type { PersonView } from '../../smart/pages.ts';
import { RECORD_GROUPS } from '../../smart/record-parts.ts';
import type { Visitor } from '../../smart/visitor.ts';
import { renderPage, type Site } from '../frame.ts';
import { html, type Html } from '../html.ts';
import { possessive, sayDate, sayPerson } from '../words.ts';
import { entryWords, type EntryWords } from './entry-words.ts';
import type { Copied, RecordFormat } from './view.ts';

/** More are in the files alone: a browser must be able to show the page. */
const MOST_ON_PAGE = 5000;

export interface Copy {
  readonly visitor: Visitor;
  readonly patient: PersonView;
  readonly resources: AsyncIterable<Copied>;
  readonly format: RecordFormat;
}

export async function sendCopy(site: Site, response: Response, copy: Copy): Promise<void> {
  if (copy.format === 'page') return void response.send(await recordPage(site, copy));
  const isBundle = copy.format === 'bundle';
  response.set({
    'content-type': isBundle ? 'application/fhir+json; charset=utf-8' : 'application/fhir+ndjson',
    'content-disposition': `attachment; filename="record.${isBundle ? 'json' : 'ndjson'}"`,
  });
  // What has begun cannot become an error page: a file that was cut off must not look whole, so the connection is cut off with it.
  await pipeline(Readable.from(isBundle ? bundle(site, copy) : lines(copy)), response).catch(
    (error: unknown) => {
      // The person went away: no fault of anyone's.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    },
  );
}

async function* lines({ resources }: Copy): AsyncGenerator<Uint8Array | string> {
  for await (const { bytes } of resources) {
    yield bytes;
    yield '\n';
  }
}

async function* bundle({ now }: Site, { resources }: Copy): AsyncGenerator<Uint8Array | string> {
  yield `{"resourceType":"Bundle","type":"collection","timestamp":"${new Date(now()).toISOString()}","entry":[`;
  let isFirst = true;
  for await (const { bytes, url } of resources) {
    yield `${isFirst ? '' : ','}{"fullUrl":${JSON.stringify(url)},"resource":`;
    yield bytes;
    yield '}';
    isFirst = false;
  }
  yield ']}';
}

interface Line extends EntryWords {
  readonly type: string;
}

async function recordPage(site: Site, { visitor, patient, resources }: Copy): Promise<string> {
  const entries: Line[] = [];
  let isCut = false;
  for await (const { type, bytes } of resources) {
    isCut = entries.length >= MOST_ON_PAGE;
    if (isCut) break;
    const tree = parseJson(Buffer.from(bytes).toString('utf8'));
    if (isObject(tree) && type !== 'Patient') entries.push({ type, ...entryWords(tree) });
  }
  const title = `${possessive(patient.name)} record`;
  const body = html`<p><a href="/account">Your account</a></p>
    <h1>${title}</h1>
    <p>${sayPerson(patient, site.now())}</p>
    ${entries.length === 0 && html`<p>There are no entries yet.</p>`}
    ${
      isCut &&
      html`<p class="note">The first ${MOST_ON_PAGE} entries are shown. The files hold all of them.</p>`
    }
    ${groups(entries)}`;
  return renderPage(site, {
    title,
    body,
    column: 'wide',
    navigation: true,
    visitor: visitor.account,
    here: '/account',
  });
}

function groups(entries: readonly Line[]): readonly Html[] {
  const byType = Map.groupBy(entries, ({ type }) => type);
  const known = RECORD_GROUPS.flatMap(({ types }) => Object.entries(types));
  const titles = new Map(known);
  const order = [...known.map(([type]) => type).filter((type) => byType.has(type))];
  const others = [...byType.keys()].filter((type) => !titles.has(type));
  return [...order, ...others].map((type) => section(titles.get(type) ?? type, byType.get(type)!));
}

function section(title: string, entries: readonly Line[]): Html {
  const newestFirst = entries.toSorted((one, other) => (other.date ?? '').localeCompare(one.date ?? ''));
  return html`<section>
    <h2>${title}</h2>
    <ul class="entries">
      ${newestFirst.map(
        ({ date, title: what, value }) =>
          html`<li>
            <span class="quiet">${date === undefined ? 'no date' : sayDate(date.slice(0, 10))}</span>
            <span>${what}${value !== undefined && html`: <strong>${value}</strong>`}</span>
          </li>`,
      )}
    </ul>
  </section>`;
}
