/** The frame of every page: head, the mark of the place, the one column, and nothing from elsewhere. */
import type { Assets } from './assets.ts';
import { html, markupOf, type Html } from './html.ts';
import { icon } from './icons.ts';

/** What every page needs of the place that it belongs to. */
export interface Site {
  readonly name: string;
  readonly version: string;
  /** origin that clients see */
  readonly publicUrl: string;
  readonly assets: Assets;
  readonly now: () => number;
}

export interface Frame {
  readonly title: string;
  readonly body: Html;
  /** `form`: one question; `reading`: text; `wide`: tables and charts; `full`: an app in a frame */
  readonly column?: 'form' | 'reading' | 'wide' | 'full';
  readonly scripts?: readonly string[];
  /** links of the place, on pages that are not a step of a launch */
  readonly navigation?: boolean;
  readonly here?: string;
  /** who is signed in, where the page knows: some links are for some alone */
  readonly visitor?: { readonly role: string };
}

/** `role`: shown to visitors of that role alone. */
const LINKS: readonly { readonly to: string; readonly name: string; readonly role?: string }[] = [
  { to: '/', name: 'Home' },
  { to: '/apps', name: 'Apps' },
  { to: '/developer', name: 'Developers' },
  { to: '/account', name: 'Account' },
  { to: '/console', name: 'Console', role: 'operator' },
];

/** A whole document. */
export function renderPage(site: Site, frame: Frame): string {
  const { title, body, column = 'reading', scripts = [], navigation = false } = frame;
  return (
    '<!doctype html>' +
    markupOf(
      html`<html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>${title === site.name ? title : `${title} · ${site.name}`}</title>
          <link rel="icon" href="${site.assets.url('flame.svg')}" />
          <link rel="stylesheet" href="${site.assets.url('style.css')}" />
          ${scripts.map((script) => html`<script type="module" src="${site.assets.url(script)}"></script>`)}
        </head>
        <body class="${column}">
          <a class="skip" href="#main">Skip to the page</a>
          <header>${brand(site, navigation)} ${navigation && links(frame)}</header>
          <main id="main" tabindex="-1">${body}</main>
          ${navigation && footer(site)}
        </body>
      </html>`,
    )
  );
}

function brand(site: Site, navigation: boolean): Html {
  const mark = html`${icon('flame')} <span>${site.name}</span>`;
  return navigation ? html`<a class="brand" href="/">${mark}</a>` : html`<p class="brand">${mark}</p>`;
}

function links({ here, visitor }: Frame): Html {
  const shown = LINKS.filter(({ role }) => role === undefined || role === visitor?.role);
  return html`<nav aria-label="Main">
    ${shown.map(({ to, name }) =>
      to === here ? html`<a href="${to}" aria-current="page">${name}</a>` : html`<a href="${to}">${name}</a>`,
    )}
  </nav>`;
}

function footer(site: Site): Html {
  return html`<footer>
    <p>${site.name} ${site.version}</p>
  </footer>`;
}
