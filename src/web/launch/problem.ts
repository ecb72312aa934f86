/** What do I do now? The fault in one sentence for whoever wanted to open an app; then, for its developer, the rule, the values and the fix. */
import type { ProblemView } from '../../smart/pages.ts';
import { markDifference } from '../difference.ts';
import { renderPage, type Site } from '../frame.ts';
import { html, type Html, type Part } from '../html.ts';

export function problemPage(site: Site, view: ProblemView): string {
  const body = html`<h1>${view.title}</h1>
    <p>${view.sentence}</p>
    <dl class="facts">
      <dt>Who can mend it</dt>
      <dd>${view.whoCanFix}</dd>
      <dt>Request id</dt>
      <dd><code>${view.requestId}</code></dd>
    </dl>
    ${view.detail && forTheDeveloper(view.detail)}`;
  return renderPage(site, { title: view.title, body, column: 'reading' });
}

const forTheDeveloper = (detail: NonNullable<ProblemView['detail']>): Html =>
  html`<section aria-labelledby="developer">
    <h2 id="developer">For the developer of the app</h2>
    ${detailFacts(detail)}
  </section>`;

/** What was sent beside what was expected, the fix and the rule. */
export function detailFacts({
  sent,
  expected,
  nearest = [],
  fix,
  rule,
}: NonNullable<ProblemView['detail']>): Html {
  const wanted = expected ?? nearest[0];
  const marks = sent !== undefined && wanted !== undefined;
  const others = expected === undefined ? nearest.slice(1) : nearest.filter((one) => one !== expected);
  return html`<dl class="facts">
    ${sent !== undefined && fact('Sent', value(marks ? markDifference(sent, wanted) : sent))}
    ${
      wanted !== undefined &&
      fact(
        expected === undefined ? 'Nearest registered' : 'Expected',
        value(marks ? markDifference(wanted, sent) : wanted),
      )
    }
    ${others.length > 0 && fact('Also registered', html`${others.map((one) => html`<code>${one}</code><br />`)}`)}
    ${fact('Fix', fix)} ${fact('Rule', html`<a href="${rule.url}">${rule.text}</a>`)}
  </dl>`;
}

const value = (shown: Part): Html => html`<code>${shown}</code>`;

const fact = (name: string, text: Part): Html =>
  html`<dt>${name}</dt>
    <dd>${text}</dd>`;
