/** The form that registers or changes an app: one address is enough, everything else is filled in. */
import {
  KINDS,
  SCOPES,
  type AppForm,
  type AppKind,
  type FormFault,
} from '../../smart/developer/register-app.ts';
import { attribute, flag, html, type Html } from '../html.ts';
import { icon } from '../icons.ts';

export const KIND_WORDS: Readonly<Record<AppKind, readonly [name: string, hint: string]>> = {
  public: ['Public', 'runs in a browser or on a phone: no secret, PKCE alone'],
  secret: ['Confidential, with a secret', 'has a server that keeps a secret'],
  key: ['Confidential, with a key', 'has a server that signs with a private key'],
  backend: ['Backend service', 'acts by itself, without a person'],
};

export interface FormView {
  readonly action: string;
  readonly csrf: string;
  readonly values: AppForm;
  readonly fault?: FormFault;
  /** an app that is there is changed: its kind stays */
  readonly isChange?: boolean;
}

export const EMPTY: AppForm = {
  kind: 'public',
  name: '',
  launchUrl: '',
  redirectUris: '',
  scope: '',
  keys: '',
};

export function readForm(fields: Readonly<Record<string, unknown>>): AppForm {
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '');
  const kind = KINDS.find((one) => one === fields['kind']) ?? 'public';
  return {
    kind,
    name: text('name'),
    launchUrl: text('launchUrl'),
    redirectUris: text('redirectUris'),
    scope: text('scope'),
    keys: text('keys'),
  };
}

export function appForm(view: FormView): Html {
  const { values, fault, isChange = false } = view;
  const isOpen = fault !== undefined && fault.field !== 'launchUrl' && fault.field !== 'kind';
  return html`<form method="post" action="${view.action}" class="steps">
    <input type="hidden" name="csrf" value="${view.csrf}" />
    ${field(view, 'launchUrl', 'Launch URL', { type: 'url', placeholder: 'http://localhost:3000/launch' })}
    ${!isChange && kinds(values.kind)} ${fault?.field === 'kind' && faultLine(fault)}
    ${
      isChange
        ? more(view)
        : html`<details ${flag('open', isOpen)}>
            <summary>Name, redirect addresses, scopes, keys</summary>
            ${more(view)}
          </details>`
    }
    <div class="actions">
      <button class="${isChange ? '' : 'main'}">${isChange ? 'Save' : 'Register the app'}</button>
    </div>
  </form>`;
}

const more = (view: FormView): Html =>
  html`${field(view, 'name', 'Name', { placeholder: 'taken from the address when empty' })}
  ${area(view, 'redirectUris', 'Redirect addresses, one a line', 'Empty: guessed from the launch URL. Each is matched letter by letter.')}
  ${field(view, 'scope', 'Scopes', { placeholder: SCOPES[view.values.kind] })} ${hasKeys(view) && keys(view)}`;

/** An app that is there shows its keys where its kind has any. */
const hasKeys = ({ isChange = false, values: { kind } }: FormView): boolean =>
  !isChange || kind === 'key' || kind === 'backend';

const keys = (view: FormView): Html =>
  html`${area(view, 'keys', 'Public keys', 'For apps with a key and for services: a JWKS, or its https address.')}
    <p class="scripted">
      <button type="button" data-make-keys="keys">Make a key pair here</button>
      <span class="quiet small" role="status" id="keys-made"></span>
    </p>`;

function kinds(chosen: AppKind): Html {
  return html`<fieldset>
    <legend>What kind of app is it?</legend>
    ${KINDS.map((kind) => {
      const [name, hint] = KIND_WORDS[kind];
      return html`<label class="choice">
        <input type="radio" name="kind" value="${kind}" ${flag('checked', kind === chosen)} />
        <span>${name}<br /><small>${hint}</small></span>
      </label>`;
    })}
  </fieldset>`;
}

type Name = Exclude<keyof AppForm, 'kind'>;

function field(
  { values, fault }: FormView,
  name: Name,
  label: string,
  { type = 'text', placeholder = '' }: { readonly type?: string; readonly placeholder?: string },
): Html {
  const isWrong = fault?.field === name;
  return html`<label for="app-${name}">${label}</label>
    ${isWrong && faultLine(fault)}
    <input
      id="app-${name}"
      name="${name}"
      type="${type}"
      value="${values[name]}"
      placeholder="${placeholder}"
      autocomplete="off"
      spellcheck="false"
      ${isWrong && attribute('aria-invalid', 'true')}
      ${isWrong && attribute('aria-describedby', 'fault')}
    />`;
}

function area({ values, fault }: FormView, name: Name, label: string, hint: string): Html {
  const isWrong = fault?.field === name;
  return html`<label for="app-${name}">${label}</label>
    ${isWrong && faultLine(fault)}
    <small id="hint-${name}">${hint}</small>
    <textarea
      id="app-${name}"
      name="${name}"
      rows="3"
      autocomplete="off"
      spellcheck="false"
      aria-describedby="hint-${name}"
      ${isWrong && attribute('aria-invalid', 'true')}
    >
${values[name]}</textarea>`;
}

const faultLine = ({ says }: FormFault): Html =>
  html`<p class="error" id="fault" role="alert">${icon('alert')} <span>${says}</span></p>`;
