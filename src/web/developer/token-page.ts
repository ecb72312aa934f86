/** A token in words: whose it is, what it allows, until when, and whether a request would be allowed with it. */
import type { TokenReading } from '../../smart/developer/inspect-token.ts';
import { permissionsOf } from '../../smart/permissions.ts';
import { renderPage, type Site } from '../frame.ts';
import { html, type Html, type Part } from '../html.ts';
import { icon } from '../icons.ts';
import { tokenForm } from './home.ts';
import type { Trial } from './workshop.ts';

export interface TokenView {
  readonly reading: TokenReading;
  readonly csrf: string;
  readonly tried?: { readonly request: string; readonly trial: Trial };
}

export function tokenPage(site: Site, view: TokenView): string {
  const { reading, tried } = view;
  const body = html`<h1>Token</h1>
    ${told(site, reading)} ${tried && trial(tried)}
    <section aria-labelledby="again">
      <h2 id="again">Inspect another, or try a request</h2>
      ${tokenForm(view.csrf, tried?.request)}
    </section>
    <p><a href="/developer">Back to your apps</a></p>`;
  return renderPage(site, { title: 'Token', body, navigation: true, here: '/developer' });
}

function told(site: Site, reading: TokenReading): Html {
  if (reading.kind === 'none')
    return html`<p class="error" role="alert">${icon('alert')} <span>${reading.why}.</span></p>
      <p>${reading.fix}</p>`;
  if (reading.kind === 'refresh')
    return html`<p>
        This is a refresh token of <code>${reading.clientId}</code>:
        ${reading.used ? 'it was used already, and using it again ends all access of that launch.' : 'good for one exchange at the token endpoint.'}
        FHIR does not take it.
      </p>
      <p>Scopes: <code>${reading.scope}</code></p>`;
  return access(site, reading);
}

function access(site: Site, { grantee, issuedAt }: Extract<TokenReading, { kind: 'access' }>): Html {
  const { clientId, kind, fhirUser, patient, encounter, scopeText, expiresAt } = grantee;
  const minutes = Math.max(0, Math.round((expiresAt - site.now()) / 60_000));
  return html`<p>It is good, for ${minutes} minutes more.</p>
    <dl class="facts">
      ${fact('App', html`<code>${clientId}</code>`)}
      ${fact('Acts', kind === 'ClientCredentials' ? 'by itself, as a service' : 'for a person')}
      ${fhirUser !== undefined && fact('User (fhirUser)', html`<code>${fhirUser}</code>`)}
      ${fact('Patient in context', patient === undefined ? 'none: patient/ scopes give nothing' : html`<code>Patient/${patient}</code>`)}
      ${encounter !== undefined && fact('Visit in context', html`<code>Encounter/${encounter}</code>`)}
      ${issuedAt !== undefined && fact('Issued', instant(issuedAt))} ${fact('Ends', instant(expiresAt))}
      ${fact('Scopes', html`<code>${scopeText || 'none'}</code>`)}
    </dl>
    ${words(scopeText)}`;
}

function words(scopeText: string): Html {
  const { permissions, cannot } = permissionsOf(scopeText.split(' ').filter((one) => one !== ''));
  return html`<h2>What that means</h2>
    ${
      permissions.length === 0
        ? html`<p>It opens no part of any record.</p>`
        : html`<ul>
            ${permissions.flatMap(({ group, items }) =>
              items.map(
                ({ title, can }) => html`<li>${can} <strong>${title}</strong> <small>${group}</small></li>`,
              ),
            )}
          </ul>`
    }
    ${cannot.length > 0 && html`<p class="quiet">It cannot: ${cannot.join(' · ')}</p>`}`;
}

const DECISIONS: Readonly<Record<Trial['decision'], string>> = {
  allowed: 'It would be allowed',
  filtered: 'It would be answered, with what this token reaches',
  refused: 'It would be refused',
};

function trial({ request, trial: { decision, says, rules } }: NonNullable<TokenView['tried']>): Html {
  return html`<section aria-labelledby="trial">
    <h2 id="trial">${DECISIONS[decision]}</h2>
    <p><code>${request}</code></p>
    <p>${says}</p>
    ${rules.length > 0 && html`<dl class="facts">${rules.map((rule) => fact(rule.name, rule.says))}</dl>`}
  </section>`;
}

const fact = (name: string, value: Part): Html =>
  html`<dt>${name}</dt>
    <dd>${value}</dd>`;

const instant = (at: number): Html =>
  html`<time datetime="${new Date(at).toISOString()}"
    >${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC</time
  >`;
