/**
 * `/account/security`: the addresses of the pages about one's own sign-in. Every change needs a fresh sign-in as strong as the account can make it; whoever
 * has to sign in for it comes back to what they were about to do.
 */
import { randomUUID } from 'node:crypto';
import express, { type Request, type Response, type Router } from 'express';
import { browserInWords } from '../../smart/devices.ts';
import { ownPath } from '../../smart/return-path.ts';
import type { AccountSecurity, Changed, OwnVisit } from '../../smart/security.ts';
import type { Door, Draft } from '../../smart/visitor.ts';
import type { Site } from '../frame.ts';
import { GALLERY_PAGE } from '../headers.ts';
import type { SecurityDesk } from './security-desk.ts';
import { securityPage } from './security-page.ts';
import { SECURITY, type Fields } from './security-parts.ts';
import { appSetupPage, codesPage, linkPage, passkeyPage, passwordPage } from './security-setup.ts';
import type { OwnPage } from './security-views.ts';

const MOST_FORM = '64kb';

/** One request of someone who is signed in. */
interface Visit extends OwnVisit {
  readonly site: Site;
  readonly door: Door;
  readonly security: AccountSecurity;
  readonly request: Request;
  readonly response: Response;
  readonly page: OwnPage;
  /** of a form that had to wait for a sign-in */
  readonly draft: Draft | undefined;
  readonly query: URLSearchParams;
}

type Show = (visit: Visit) => Promise<void>;

/** What a form asks for: where it stands, how it is done, what is said then. */
interface Action {
  readonly path: string;
  /** on a button that does it after a sign-in in between; absent: its page is shown again */
  readonly label?: string;
  readonly done: string;
  readonly take: (visit: Visit, fields: URLSearchParams) => Promise<Changed>;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  'add-app': {
    path: `${SECURITY}/app`,
    done: 'The authenticator app is on: signing in asks for its code from now on.',
    take: (visit, fields) =>
      visit.security.addApp(visit, fields.get('setup') ?? '', fields.get('code') ?? ''),
  },
  'remove-app': {
    path: SECURITY,
    label: 'Turn off the authenticator app',
    done: 'The authenticator app is off.',
    take: (visit) => visit.security.removeApp(visit),
  },
  'add-passkey': {
    path: `${SECURITY}/passkey`,
    done: 'The passkey is added. Next time, choose “Sign in with a passkey”.',
    take: (visit, fields) =>
      visit.security.addPasskey(visit, fields.get('assertion') ?? '', fields.get('name') ?? ''),
  },
  'remove-passkey': {
    path: SECURITY,
    label: 'Remove the passkey',
    done: 'The passkey is removed. Delete it on your device too.',
    take: (visit, fields) => visit.security.removePasskey(visit, fields.get('id') ?? ''),
  },
  'new-codes': {
    path: SECURITY,
    label: 'Make ten new codes',
    done: '',
    take: (visit) => visit.security.newCodes(visit),
  },
  'change-password': {
    path: `${SECURITY}/password`,
    done: 'The password is changed. Every other device is signed out.',
    take: async (visit, fields) => {
      const password = fields.get('new_password') ?? '';
      if (password !== fields.get('repeated_password'))
        return { fault: 'The two passwords are not the same.' };
      return visit.security.changePassword(visit, password);
    },
  },
  'sign-out-of': {
    path: SECURITY,
    label: 'Sign out of the other device',
    done: 'That device is signed out.',
    take: (visit, fields) => visit.security.signOutOf(visit, fields.get('session') ?? ''),
  },
  unlink: {
    path: SECURITY,
    label: 'Unlink the other account',
    done: 'It is unlinked, and does not sign you in any more.',
    take: (visit, fields) => visit.security.unlink(visit, fields.get('id') ?? ''),
  },
  'sign-out-others': {
    path: SECURITY,
    label: 'Sign out everywhere else',
    done: 'You are signed out everywhere else.',
    take: (visit) => visit.security.signOutOthers(visit),
  },
};

const LINKED = 'Your other account is linked: it signs you in here from now on.';

const NEEDS: Readonly<Record<string, string>> = {
  'second-step':
    'What you were opening needs a second step at sign-in. Set up an authenticator app or a passkey, and you go on from there.',
  passkey: 'What you were opening needs a passkey. Add one, and you go on from there.',
};

export function securityRoutes(site: Site, desk: SecurityDesk): Router {
  const router = express.Router();
  const get = (path: string, show: Show, isSensitive = false): void => {
    router.get(path, async (request, response) => {
      const visit = await visitOf(site, desk, request, response);
      if (visit && (!isSensitive || (await isFresh(visit)))) await show(visit);
    });
  };
  get('/', showOverview);
  get('/app', (visit) => showAppSetup(visit), true);
  get('/passkey', (visit) => showPasskey(visit), true);
  get('/password', (visit) => showPassword(visit), true);
  get('/link', showLink, true);
  get('/codes', showCodes);
  router.post(
    '/',
    express.text({ type: 'application/x-www-form-urlencoded', limit: MOST_FORM }),
    async (request, response) => take(site, desk, request, response),
  );
  return router;
}

/** undefined: nobody is signed in, and the browser is on its way there. */
async function visitOf(
  site: Site,
  desk: SecurityDesk,
  request: Request,
  response: Response,
): Promise<Visit | undefined> {
  const [door, security] = await Promise.all([desk.door(), desk.security()]);
  const visitor = await door.visitor(request, response);
  if (!visitor) {
    response.set(GALLERY_PAGE).redirect(303, door.signIn(request.originalUrl));
    return undefined;
  }
  const query = new URL(request.originalUrl, site.publicUrl).searchParams;
  const id = query.get('draft');
  const draft = id === null ? undefined : await door.draft(visitor, id);
  const sent = query.get('return');
  const returnTo = sent === null ? '' : ownPath({ origin: site.publicUrl }, sent, '');
  const { account, csrf } = visitor;
  const page = { name: account.name, csrf, mount: desk.mount, ...(returnTo !== '' && { returnTo }) };
  return { site, door, security, visitor, request, response, page, draft, query, requestId: randomUUID() };
}

/** Setting something up begins with a fresh sign-in, not in the middle. */
async function isFresh({ door, security, visitor, request, response }: Visit): Promise<boolean> {
  const asked = await security.asked(visitor);
  if (door.meets(visitor, asked)) return true;
  response.set(GALLERY_PAGE).redirect(303, door.signIn(request.originalUrl, asked));
  return false;
}

const send = ({ response }: Visit, text: string, status = 200): void =>
  void response.status(status).set(GALLERY_PAGE).send(text);

async function showOverview(visit: Visit): Promise<void> {
  const { site, security, visitor, query, page } = visit;
  const asked = query.get('done') ?? '';
  const done = asked === 'link' ? LINKED : ACTIONS[asked]?.done;
  const need = NEEDS[query.get('need') ?? ''];
  const waiting = waitingIn(visit.draft);
  const overview = await security.overview(visitor);
  const view = {
    ...page,
    ...overview,
    ...(done && { done }),
    ...(need && { need }),
    ...(waiting && { waiting }),
  };
  send(visit, securityPage(site, view));
}

function waitingIn(draft: Draft | undefined): { label: string; fields: Fields } | undefined {
  const label = ACTIONS[fieldOf(draft, 'do') ?? '']?.label;
  return draft && label !== undefined ? { label, fields: draft.fields } : undefined;
}

const fieldOf = (draft: Draft | undefined, name: string): string | undefined =>
  draft?.fields.find(([key]) => key === name)?.[1];

async function showAppSetup(
  visit: Visit,
  error?: string,
  begun = fieldOf(visit.draft, 'setup'),
): Promise<void> {
  const { site, security, visitor, page } = visit;
  const setup = security.appSetup(visitor, begun);
  send(
    visit,
    appSetupPage(site, { ...page, ...setup, ...(error !== undefined && { error }) }),
    error === undefined ? 200 : 422,
  );
}

async function showPasskey(visit: Visit, error?: string, name = fieldOf(visit.draft, 'name')): Promise<void> {
  const { site, security, visitor, page, request, response } = visit;
  const options = await security.passkeyOptions(visitor);
  if (options === undefined) return response.redirect(303, SECURITY);
  const suggested = name ?? browserInWords(request.headers['user-agent'] ?? '');
  const view = { ...page, options, suggested, ...(error !== undefined && { error }) };
  send(visit, passkeyPage(site, view), error === undefined ? 200 : 422);
}

async function showPassword(visit: Visit, error?: string): Promise<void> {
  const { site, visitor, page } = visit;
  const view = { ...page, username: visitor.account.username, ...(error !== undefined && { error }) };
  send(visit, passwordPage(site, view), error === undefined ? 200 : 422);
}

async function showLink(visit: Visit): Promise<void> {
  const { site, security, visitor, page, response } = visit;
  const start = security.linkStart(visitor);
  if (!start) return response.redirect(303, SECURITY);
  send(visit, linkPage(site, { ...page, provider: start.name, back: start.back }));
}

async function showCodes(visit: Visit): Promise<void> {
  const { site, security, visitor, page, query } = visit;
  const codes = await security.codes(visitor, query.get('shown') ?? '');
  send(visit, codesPage(site, { ...page, ...(codes && { codes }) }));
}

async function take(site: Site, desk: SecurityDesk, request: Request, response: Response): Promise<void> {
  const fields = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
  const action = ACTIONS[fields.get('do') ?? ''];
  if (!action) return response.set(GALLERY_PAGE).redirect(303, SECURITY);
  const [door, security] = await Promise.all([desk.door(), desk.security()]);
  const visitor = await door.visitor(request, response);
  const asked = visitor ? await security.asked(visitor) : {};
  if (!visitor || !door.proves(visitor, fields.get('csrf') ?? '') || !door.meets(visitor, asked)) {
    const draft = { path: action.path, fields: [...fields] };
    return response.set(GALLERY_PAGE).redirect(303, await door.signInWithDraft(visitor, draft, asked));
  }
  const visit = await visitOf(site, desk, request, response);
  if (visit) await perform(withReturnOf(visit, fields), action, fields);
}

/** The page that waits is named by the form, where there is one. */
function withReturnOf(visit: Visit, fields: URLSearchParams): Visit {
  const returnTo = ownPath({ origin: visit.site.publicUrl }, fields.get('return'), '');
  return returnTo === '' ? visit : { ...visit, page: { ...visit.page, returnTo } };
}

async function perform(visit: Visit, action: Action, fields: URLSearchParams): Promise<void> {
  const { response, page } = visit;
  const changed = await action.take(visit, fields);
  if ('fault' in changed) return showFault(visit, action, fields, changed.fault);
  const { returnTo } = page;
  const query = new URLSearchParams(returnTo === undefined ? {} : { return: returnTo });
  if (changed.codes !== undefined) {
    query.set('shown', changed.codes);
    return response.set(GALLERY_PAGE).redirect(303, `${SECURITY}/codes?${query.toString()}`);
  }
  if (returnTo !== undefined) return response.set(GALLERY_PAGE).redirect(303, returnTo);
  response.set(GALLERY_PAGE).redirect(303, `${SECURITY}?done=${fields.get('do') ?? ''}`);
}

function showFault(visit: Visit, { path }: Action, fields: URLSearchParams, fault: string): Promise<void> {
  if (path.endsWith('/app')) return showAppSetup(visit, fault, fields.get('setup') ?? undefined);
  if (path.endsWith('/passkey')) return showPasskey(visit, fault, fields.get('name') ?? undefined);
  if (path.endsWith('/password')) return showPassword(visit, fault);
  return showOverview(visit);
}
