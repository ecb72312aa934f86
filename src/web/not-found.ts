/** Pages for what is not there, for what went wrong here and for what came too often: what to do now, and nothing of the inside. */
import { renderPage, type Site } from './frame.ts';
import { html } from './html.ts';

/** First segments of addresses that belong below the FHIR base. */
const FHIR_PATH =
  /^\/(?:metadata$|_history$|\.well-known\/(?:smart-configuration|openid-configuration)$|[A-Z][A-Za-z]+(?:\/|$))/;

/** The address that was probably meant. */
export function nearestAddress(path: string, base: string): string | undefined {
  return FHIR_PATH.test(path) ? base + path : undefined;
}

export function notFoundPage(site: Site, path: string): string {
  const base = `${site.publicUrl}/fhir`;
  const nearest = nearestAddress(path, base);
  const body = html`<h1>There is nothing here</h1>
    <p>No page has the address <code>${path}</code>.</p>
    ${
      nearest !== undefined &&
      html`<p>
        FHIR is served below <code>${base}</code>. You may have meant <a href="${nearest}">${nearest}</a>.
      </p>`
    }
    <p><a href="/">Go to the front page</a> or <a href="/apps">to the apps</a>.</p>`;
  return renderPage(site, { title: 'There is nothing here', body, navigation: true });
}

export function failurePage(
  site: Site,
  { requestId, isOurs }: { readonly requestId: string; readonly isOurs: boolean },
): string {
  const sentence = isOurs
    ? 'The fault is on our side. Try again in a moment; if it stays, tell whoever runs this server the id below.'
    : 'The server cannot read what was sent. Go back and try again.';
  const body = html`<h1>This did not work</h1>
    <p>${sentence}</p>
    <dl class="facts">
      <dt>Request id</dt>
      <dd><code>${requestId}</code></dd>
    </dl>
    <p><a href="/">Go to the front page</a>.</p>`;
  return renderPage(site, { title: 'This did not work', body, navigation: true });
}

export function tooManyPage(site: Site, seconds: number): string {
  const body = html`<h1>Too many requests</h1>
    <p>
      More came from your network than this server answers at a time. Wait ${seconds}
      ${seconds === 1 ? 'second' : 'seconds'}, then load the page again; what you have entered is not lost if
      you go back.
    </p>`;
  return renderPage(site, { title: 'Too many requests', body, navigation: false });
}
