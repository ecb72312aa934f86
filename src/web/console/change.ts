/** The form of every change in the console: what is to be done, what that means, and why. One press, no second page: the words stand beside the choice. */
import type { Visitor } from '../../smart/visitor.ts';
import { flag, html, type Html } from '../html.ts';
import { csrfField, errorLine } from '../launch/parts.ts';

export const MOST_REASON = 300;

export interface Choice {
  readonly deed: string;
  readonly name: string;
  /** what will happen, in a sentence */
  readonly means: string;
}

/** What was typed already, where the page is shown again. */
export interface Typed {
  readonly deed?: string;
  readonly reason?: string;
  readonly error?: string;
  /** someone had to sign in again meanwhile */
  readonly isBack?: boolean;
}

export interface ChangeForm {
  readonly visitor: Visitor;
  readonly action: string;
  readonly heading: string;
  readonly choices: readonly Choice[];
  readonly typed: Typed;
}

export function changeForm({ visitor, action, heading, choices, typed }: ChangeForm): Html {
  return html`<section aria-labelledby="change">
    <h2 id="change">${heading}</h2>
    <form method="post" action="${action}" class="narrow">
      ${csrfField({ action: '', csrf: visitor.csrf })} ${errorLine(typed.error)} ${backNote(typed)}
      <fieldset>
        <legend>What is to be done</legend>
        ${choices.map(({ deed, name, means }) => choice(deed, name, means, typed.deed))}
      </fieldset>
      ${reasonField(typed)}
      <button class="main">Do it</button>
    </form>
  </section>`;
}

function choice(deed: string, name: string, means: string, chosen: string | undefined): Html {
  return html`<label class="choice">
    <input type="radio" name="deed" value="${deed}" required ${flag('checked', deed === chosen)} />
    <span><strong>${name}</strong><br /><small>${means}</small></span>
  </label>`;
}

/** Every change has one. */
export function reasonField({ reason, error }: Typed): Html {
  const isMissing = error !== undefined && (reason ?? '') === '';
  return html`<label for="reason">Why?</label>
    <input
      id="reason"
      name="reason"
      required
      maxlength="${MOST_REASON}"
      value="${reason ?? ''}"
      aria-describedby="reason-use"
      aria-invalid="${String(isMissing)}"
    />
    <p class="small quiet" id="reason-use">It stands in the audit trail beside your name.</p>`;
}

export function backNote({ isBack }: Typed): Html | undefined {
  if (isBack !== true) return undefined;
  return html`<p class="note" role="status">
    <span>You have signed in again. Nothing was done yet: look it over and press the button.</span>
  </p>`;
}
