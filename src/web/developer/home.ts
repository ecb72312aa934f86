/** Why did my launch fail? The door to it: register an app, your apps, a token put into words. */
import { renderPage, type Site } from '../frame.ts';
import { html, type Html } from '../html.ts';
import { icon } from '../icons.ts';
import { appForm, type FormView } from './form.ts';

export interface AppLine {
  readonly clientId: string;
  readonly name: string;
  /** "Public" */
  readonly kind: string;
}

export interface HomeView {
  readonly base: string;
  readonly form: FormView;
  readonly apps: readonly AppLine[];
  readonly demoApps: readonly AppLine[];
  readonly tokenFault?: string;
}

export function homePage(site: Site, view: HomeView): string {
  const { form, apps, demoApps } = view;
  const body = html`<h1>For app developers</h1>
    <p class="lead">
      Register an app with one address, watch each of its requests with the true reason of a refusal, and see
      what a token allows. No account is needed: your apps are kept for this browser.
    </p>
    ${
      apps.length > 0 &&
      html`<section aria-labelledby="apps">
        <h2 id="apps">Your apps</h2>
        ${lines(apps)}
      </section>`
    }
    <section aria-labelledby="register">
      <h2 id="register">Register an app</h2>
      ${appForm(form)}
    </section>
    <section aria-labelledby="token">
      <h2 id="token">Inspect a token</h2>
      ${tokenForm(form.csrf)}
    </section>
    ${
      demoApps.length > 0 &&
      html`<section aria-labelledby="demo">
        <h2 id="demo">Apps of the demo</h2>
        <p>Launch one, then look at its log.</p>
        ${lines(demoApps)}
      </section>`
    }
    ${byToken(view)}`;
  const scripts = ['copy.js', 'developer.js'];
  return renderPage(site, {
    title: 'For app developers',
    body,
    navigation: true,
    here: '/developer',
    scripts,
  });
}

const lines = (apps: readonly AppLine[]): Html =>
  html`<ul class="lines">
    ${apps.map(
      ({ clientId, name, kind }) =>
        html`<li>
          <a href="/developer/apps/${clientId}">${name}</a> <small>${kind} · <code>${clientId}</code></small>
        </li>`,
    )}
  </ul>`;

/** In a body and never in an address: a token is a secret. */
export function tokenForm(csrf: string, url = ''): Html {
  return html`<form method="post" action="/developer/token" class="steps">
    <input type="hidden" name="csrf" value="${csrf}" />
    <label for="inspected">Access token</label>
    <small id="hint-token">It is read and not kept.</small>
    <textarea
      id="inspected"
      name="token"
      rows="2"
      autocomplete="off"
      spellcheck="false"
      aria-describedby="hint-token"
    ></textarea>
    <label for="tried">A FHIR request to try with it (optional)</label>
    <small id="hint-url">Nothing is done: you are told whether it would be allowed, and by which rule.</small>
    <input
      id="tried"
      name="url"
      value="${url}"
      placeholder="GET Observation?code=8867-4"
      autocomplete="off"
      spellcheck="false"
      aria-describedby="hint-url"
    />
    <div class="actions"><button>Inspect</button></div>
  </form>`;
}

function byToken({ form, tokenFault }: HomeView): Html {
  return html`<section aria-labelledby="more">
    <h2 id="more">An app from another browser</h2>
    <form method="post" action="/developer/apps/add" class="steps">
      <input type="hidden" name="csrf" value="${form.csrf}" />
      ${tokenFault !== undefined && html`<p class="error" role="alert">${icon('alert')} <span>${tokenFault}</span></p>`}
      <label for="registration">Registration access token</label>
      <small id="hint-registration">It was shown once, when the app was registered.</small>
      <input
        id="registration"
        name="registration"
        type="password"
        autocomplete="off"
        aria-describedby="hint-registration"
      />
      <div class="actions"><button>Add to my apps</button></div>
    </form>
  </section>`;
}
