/** What the pages about one's own sign-in share. */
import { html, type Html } from '../html.ts';
import type { OwnPage } from './security-views.ts';

export const SECURITY = '/account/security';

export type Fields = readonly (readonly [name: string, value: string])[];

export const hiddenFields = (fields: Fields): readonly Html[] =>
  fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`);

interface ActionOptions {
  readonly fields?: Fields;
  /** what it is done to, for who does not see where the button stands */
  readonly about?: string;
}

/** A form of one button. */
export function actionForm(
  csrf: string,
  action: string,
  label: string,
  { fields = [], about }: ActionOptions = {},
): Html {
  return html`<form method="post" action="${SECURITY}">
    ${hiddenFields([['csrf', csrf], ['do', action], ...fields])}
    <button>${label}${about !== undefined && html`<span class="hidden">: ${about}</span>`}</button>
  </form>`;
}

/** The address, with the page that waits. */
export const withReturn = (path: string, { returnTo }: Pick<OwnPage, 'returnTo'>): string =>
  returnTo === undefined ? path : `${path}?return=${encodeURIComponent(returnTo)}`;

/** Hidden fields of a form on a page that something waits behind. */
export const ownFields = ({ csrf, returnTo }: OwnPage, action: string): Fields => [
  ['csrf', csrf],
  ['do', action],
  ...(returnTo === undefined ? [] : [['return', returnTo] as const]),
];
