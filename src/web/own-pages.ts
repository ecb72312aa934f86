/**
 * What the pages for people who are signed in share: who is there, whether a form is theirs, and the way to a fresh sign-in that comes back to the form
 * with what was typed. https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
import express, { type Request, type Response } from 'express';
import type { Assurance, Door, Visitor } from '../smart/visitor.ts';
import { renderPage, type Site } from './frame.ts';
import { PERSONAL_PAGE } from './headers.ts';
import { html } from './html.ts';

const MOST_FORM = '256kb';

/** Reads a form as its fields, each with all its values. */
export const readForm = express.urlencoded({ extended: false, limit: MOST_FORM, parameterLimit: 2000 });

export type Fields = Readonly<Record<string, unknown>>;

export const fieldsOf = (request: Request): Fields => (request.body ?? {}) as Fields;

/** The one value of a field; the first where there are several. */
export function field(fields: Fields, name: string): string {
  const value = fields[name];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : '';
}

export function allOf(fields: Fields, name: string): readonly string[] {
  const value = fields[name];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((one) => typeof one === 'string');
}

/** The one value of a query parameter. */
export const asked = (request: Request, name: string): string | undefined => {
  const value = request.query[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** Who is there; undefined: the browser was sent to sign in, or to sign in again where that is too long ago or too weak. */
export async function welcome(
  door: Door,
  request: Request,
  response: Response,
  assurance?: Assurance,
): Promise<Visitor | undefined> {
  const visitor = await door.visitor(request, response);
  if (visitor && (assurance === undefined || door.meets(visitor, assurance))) return visitor;
  response.set(PERSONAL_PAGE).redirect(303, door.signIn(request.originalUrl, assurance));
  return undefined;
}

/** A form that was sent, by someone who may send it. */
export interface Sent {
  readonly visitor: Visitor;
  readonly fields: Fields;
}

/**
 * The form and who sent it; undefined: it was answered. A form of nobody, or of a sign-in that is too old, is kept and comes back to `page` after
 * the sign-in. `page`: the path of the page that shows the form.
 */
export async function takeForm(
  { site, door }: { readonly site: Site; readonly door: Door },
  request: Request,
  response: Response,
  { page, assurance = {} }: { readonly page: string; readonly assurance?: Assurance },
): Promise<Sent | undefined> {
  const visitor = await door.visitor(request, response);
  const fields = fieldsOf(request);
  if (visitor && !door.proves(visitor, field(fields, 'csrf'))) {
    refuse(site, response, visitor);
    return undefined;
  }
  if (visitor && door.meets(visitor, assurance)) return { visitor, fields };
  const kept = Object.keys(fields).flatMap((name) =>
    allOf(fields, name).map((value) => [name, value] as const),
  );
  const to = await door.signInWithDraft(visitor, { path: page, fields: kept }, assurance);
  response.set(PERSONAL_PAGE).redirect(303, to);
  return undefined;
}

/** What was typed before a sign-in came between; empty where nothing was. */
export async function draftOf(door: Door, visitor: Visitor, request: Request): Promise<Fields | undefined> {
  const id = asked(request, 'draft');
  const draft = id === undefined ? undefined : await door.draft(visitor, id);
  if (!draft) return undefined;
  const fields: Record<string, string[]> = {};
  for (const [name, value] of draft.fields) (fields[name] ??= []).push(value);
  return fields;
}

/** No form of ours for this session: an old tab, or a page of someone else. */
function refuse(site: Site, response: Response, { account }: Visitor): void {
  const body = html`<h1>Nothing was changed</h1>
    <p>
      This form was not made for the session that you are signed in with: it came from an old tab, or from
      another site. Open the page again and send it from there.
    </p>
    <p><a class="button" href="/account">Go to your account</a></p>`;
  const page = renderPage(site, { title: 'Nothing was changed', body, navigation: true, visitor: account });
  response.status(403).set(PERSONAL_PAGE).send(page);
}

/** Neither that it is not there nor that it is another’s is told. */
export function notThere(site: Site, response: Response, visitor: Visitor, back = '/account'): void {
  const body = html`<h1>This is not there</h1>
    <p>It was ended or removed, or it is not yours to look at.</p>
    <p><a class="button" href="${back}">Go back</a></p>`;
  const title = 'This is not there';
  const page = renderPage(site, { title, body, navigation: true, visitor: visitor.account });
  response.status(404).set(PERSONAL_PAGE).send(page);
}
