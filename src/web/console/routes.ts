/**
 * The addresses of the console. Operators alone come in, with a sign-in as strong as the server asks for; every change is a POST with a proof of its
 * form, a reason, and a sign-in of the last quarter of an hour, after which the form comes back as it was typed.
 */
import express, { type Request, type Response, type Router } from 'express';
import type { Visitor } from '../../smart/visitor.ts';
import { renderPage, type Site } from '../frame.ts';
import { PERSONAL_PAGE } from '../headers.ts';
import { asked, draftOf, field, notThere, readForm, takeForm, welcome, type Fields } from '../own-pages.ts';
import { MOST_REASON, type Typed } from './change.ts';
import { clientPage, clientsPage } from './clients.ts';
import { endPage } from './end-page.ts';
import { secretPage } from './frame.ts';
import { homePage, notForYou } from './home.ts';
import { policiesPage, policyPage, type Trial } from './policies.ts';
import { KINDS, OUTCOMES, trailPage } from './trail.ts';
import { unusualPage } from './unusual.ts';
import { newUserPage, NO_USER, userPage, usersPage } from './users.ts';
import type { ConsoleDesk, Deed, NewUser, Outcome, TrailQuery } from './view.ts';

/** Seconds that a sign-in counts as fresh where an operator changes something. */
const FRESH_SECONDS = 900;
const ACCESS = '/console/access';

/** One visit: who is there, and what was typed already. */
interface Visit {
  readonly site: Site;
  readonly desk: ConsoleDesk;
  readonly visitor: Visitor;
  readonly request: Request;
  readonly response: Response;
  /** of a form that was sent, or that came back after a sign-in */
  readonly fields: Fields;
  readonly typed: Typed;
  /** a form was sent, and its fields are to be acted on */
  readonly isSent: boolean;
}

type Page = (visit: Visit) => Promise<void>;

const param = (request: Request, name: string): string => String(request.params[name] ?? '');

export function consoleRoutes(site: Site, desk: ConsoleDesk): Router {
  const router = express.Router();
  const show = (path: string, page: Page): void => {
    router.get(path, async (request, response) => {
      const door = await desk.door();
      const visitor = await welcome(door, request, response);
      if (!visitor || !isOperator(site, visitor, response)) return;
      if (!door.meets(visitor, { acr: desk.acr }))
        return response.set(PERSONAL_PAGE).redirect(303, door.signIn(request.originalUrl, { acr: desk.acr }));
      const draft = await draftOf(door, visitor, request);
      const fields = draft ?? {};
      const typed = { ...typedIn(fields), isBack: draft !== undefined };
      await page({
        site,
        desk,
        visitor,
        request,
        response: response.set(PERSONAL_PAGE),
        fields,
        typed,
        isSent: false,
      });
    });
  };
  const take = (path: string, page: Page): void => {
    router.post(path, readForm, async (request, response) => {
      const kept = { page: request.originalUrl, assurance: { acr: desk.acr, maxAge: FRESH_SECONDS } };
      const sent = await takeForm({ site, door: await desk.door() }, request, response, kept);
      if (!sent || !isOperator(site, sent.visitor, response)) return;
      const { visitor, fields } = sent;
      const typed = typedIn(fields);
      await page({
        site,
        desk,
        visitor,
        request,
        response: response.set(PERSONAL_PAGE),
        fields,
        typed,
        isSent: true,
      });
    });
  };
  const both = (path: string, page: Page): void => (show(path, page), take(path, page));
  show('/', home);
  router.get('/access', (_request, response) => response.redirect('/console'));
  show('/access/users', users);
  both('/access/users/new', newUser);
  both('/access/users/:username', user);
  both('/access/sessions/:id', session);
  both('/access/given/:id', given);
  show('/access/clients', clients);
  both('/access/clients/:id', client);
  show('/access/policies', policies);
  both('/access/policies/new', policy);
  both('/access/policies/:id', policy);
  show('/access/trail', trail);
  show('/access/unusual', unusual);
  return router;
}

/** Whoever is no operator is told so, and nothing else. */
function isOperator(site: Site, visitor: Visitor, response: Response): boolean {
  if (visitor.account.role === 'operator') return true;
  const title = 'The console is for operators';
  const body = notForYou(site, visitor);
  const page = renderPage(site, { title, body, navigation: true, visitor: visitor.account });
  response.status(403).set(PERSONAL_PAGE).send(page);
  return false;
}

const typedIn = (fields: Fields): Typed => ({
  deed: field(fields, 'deed'),
  reason: field(fields, 'reason').slice(0, MOST_REASON),
});

const told = (request: Request): { readonly done?: string } => {
  const done = asked(request, 'done');
  return done === undefined ? {} : { done };
};

/** Where a change leads: back to a page that shows it, to a secret that is told once, or to the same page with what was wrong. */
interface Ways {
  readonly to: string;
  readonly again: (typed: Typed) => string;
  readonly secretTitle?: string;
}

async function act(
  { site, desk, visitor, response, typed }: Visit,
  deed: Deed | undefined,
  ways: Ways,
): Promise<void> {
  const reason = (typed.reason ?? '').trim();
  const again = (error: string): void =>
    void response.status(422).send(ways.again({ ...typed, reason, error }));
  if (!deed) return again('Choose what is to be done.');
  if (reason === '') return again('Say in a few words why.');
  const outcome: Outcome = await desk.act(visitor, deed, reason);
  if ('fault' in outcome) return again(outcome.fault);
  const { secret, done } = outcome;
  if (secret === undefined) return response.redirect(303, `${ways.to}?done=${done}`);
  const room = deed.kind.startsWith('client') ? `${ACCESS}/clients` : `${ACCESS}/users`;
  const title = ways.secretTitle ?? 'The new password';
  response.send(secretPage(site, { visitor, room, title, secret, back: ways.to }));
}

async function home({ site, desk, visitor, response }: Visit): Promise<void> {
  response.send(homePage(site, { visitor, home: await desk.home() }));
}

async function users({ site, desk, visitor, request, response }: Visit): Promise<void> {
  const search = asked(request, 'search') ?? '';
  const found = await desk.users(search, asked(request, 'after'));
  response.send(usersPage(site, { visitor, search, ...found, ...told(request) }));
}

async function newUser(visit: Visit): Promise<void> {
  const { site, visitor, response, fields, typed, isSent } = visit;
  const known = (name: keyof NewUser): string => field(fields, name).trim();
  const sent: NewUser = {
    username: known('username'),
    name: known('name'),
    role: known('role'),
    fhirUser: known('fhirUser'),
  };
  const values = Object.keys(fields).length === 0 ? NO_USER : sent;
  const page = (again: Typed): string => newUserPage(site, { visitor, user: values, typed: again });
  if (!isSent) return void response.send(page(typed));
  const ways = { to: `${ACCESS}/users`, again: page, secretTitle: `The password of ${sent.username}` };
  return act(visit, { kind: 'user-add', user: sent }, ways);
}

const USER_DEEDS = [
  'user-disable',
  'user-enable',
  'user-reset',
  'user-end',
  'user-factors',
  'user-remove',
] as const;

async function user(visit: Visit): Promise<void> {
  const { site, desk, visitor, request, response, typed, isSent } = visit;
  const username = param(request, 'username');
  const found = await desk.user(username);
  if (!found) return notThere(site, response, visitor, `${ACCESS}/users`);
  const page = (again: Typed): string =>
    userPage(site, { visitor, user: found, typed: again, ...told(request) });
  if (!isSent) return void response.send(page(typed));
  const kind = USER_DEEDS.find((one) => one === typed.deed);
  const isGone = kind === 'user-remove';
  const to = isGone ? `${ACCESS}/users` : `${ACCESS}/users/${encodeURIComponent(username)}`;
  return act(visit, kind && { kind, username }, {
    to,
    again: page,
    secretTitle: `The password of ${username}`,
  });
}

async function session(visit: Visit): Promise<void> {
  const { site, visitor, request, response, typed, isSent } = visit;
  const [id, accountId] = [param(request, 'id'), asked(request, 'account') ?? ''];
  const action = `${ACCESS}/sessions/${encodeURIComponent(id)}?account=${encodeURIComponent(accountId)}`;
  const title = 'End this session?';
  const means = 'Whoever uses it has to sign in again, and apps that were to last as long as it end with it.';
  const page = (again: Typed): string =>
    endPage(site, { visitor, title, means, action, back: `${ACCESS}/users`, typed: again });
  if (!isSent) return void response.send(page(typed));
  return act(visit, { kind: 'session-end', id, accountId }, { to: `${ACCESS}/users`, again: page });
}

async function given(visit: Visit): Promise<void> {
  const { site, visitor, request, response, typed, isSent } = visit;
  const id = param(request, 'id');
  const title = 'End what this app may do for this person?';
  const means = 'The app’s next request for them is refused. They can let it in again.';
  const action = `${ACCESS}/given/${encodeURIComponent(id)}`;
  const page = (again: Typed): string =>
    endPage(site, { visitor, title, means, action, back: `${ACCESS}/users`, typed: again });
  if (!isSent) return void response.send(page(typed));
  return act(visit, { kind: 'given-end', id }, { to: `${ACCESS}/users`, again: page });
}

async function clients({ site, desk, visitor, request, response }: Visit): Promise<void> {
  const found = await desk.clients(asked(request, 'after'));
  response.send(clientsPage(site, { visitor, ...found, ...told(request) }));
}

const CLIENT_DEEDS = [
  'client-disable',
  'client-enable',
  'client-rotate',
  'client-end',
  'client-remove',
] as const;

async function client(visit: Visit): Promise<void> {
  const { site, desk, visitor, request, response, typed, isSent } = visit;
  const clientId = param(request, 'id');
  const found = await desk.client(clientId);
  if (!found) return notThere(site, response, visitor, `${ACCESS}/clients`);
  const page = (again: Typed): string =>
    clientPage(site, { visitor, client: found, typed: again, ...told(request) });
  if (!isSent) return void response.send(page(typed));
  const kind = CLIENT_DEEDS.find((one) => one === typed.deed);
  const to =
    kind === 'client-remove' ? `${ACCESS}/clients` : `${ACCESS}/clients/${encodeURIComponent(clientId)}`;
  return act(visit, kind && { kind, clientId }, {
    to,
    again: page,
    secretTitle: `The secret of ${found.app.name}`,
  });
}

async function policies({ site, desk, visitor, request, response }: Visit): Promise<void> {
  response.send(policiesPage(site, { visitor, policies: await desk.policies(), ...told(request) }));
}

/** Checking and trying changes nothing, so it asks for no reason. */
async function policy(visit: Visit): Promise<void> {
  const { site, desk, visitor, request, response, fields, typed, isSent } = visit;
  const id = request.params['id'] === undefined ? undefined : param(request, 'id');
  const kept = id === undefined ? undefined : await desk.policy(id);
  if (id !== undefined && !kept) return notThere(site, response, visitor, `${ACCESS}/policies`);
  const text = field(fields, 'text') || (kept?.text ?? NEW_POLICY);
  const faults = isSent && typed.deed !== 'policy-remove' ? await desk.checkPolicy(text) : [];
  const trial = await tried(desk, fields, text, isSent && typed.deed === 'policy-try' && faults.length === 0);
  const page = (again: Typed): string =>
    policyPage(site, { visitor, policy: kept, text, faults, trial, typed: again });
  if (!isSent || typed.deed === 'policy-try')
    return void response.status(faults.length > 0 ? 422 : 200).send(page(typed));
  const ways = { to: `${ACCESS}/policies`, again: page };
  if (typed.deed === 'policy-remove' && id !== undefined)
    return act(visit, { kind: 'policy-remove', id }, ways);
  if (faults.length > 0) return void response.status(422).send(page(typed));
  return act(visit, typed.deed === 'policy-save' ? { kind: 'policy-save', id, text } : undefined, ways);
}

async function tried(desk: ConsoleDesk, fields: Fields, text: string, isAsked: boolean): Promise<Trial> {
  const [who, url] = [field(fields, 'who').trim(), field(fields, 'url').trim()];
  const method = field(fields, 'method') || 'GET';
  const answer = isAsked && who !== '' ? await desk.explain(who, method, url, text) : undefined;
  return { who: isAsked ? who : '', method, url, ...(answer && { answer }) };
}

/** To begin with: clinicians see the records of their own patients. */
const NEW_POLICY = `${JSON.stringify(
  {
    resourceType: 'Basic',
    code: {
      coding: [{ system: 'urn:embergate:CodeSystem:kinds', code: 'access-policy' }],
      text: 'Own patients',
    },
    extension: [
      { url: 'urn:embergate:access:for', extension: [{ url: 'role', valueCode: 'practitioner' }] },
      {
        url: 'urn:embergate:access:rule',
        extension: [
          { url: 'name', valueString: 'own patients' },
          { url: 'type', valueCode: '*' },
          { url: 'action', valueCode: 'read' },
          { url: 'action', valueCode: 'search' },
          { url: 'patients', valueString: 'general-practitioner={me}' },
        ],
      },
    ],
  },
  undefined,
  2,
)}\n`;

async function trail({ site, desk, visitor, request, response }: Visit): Promise<void> {
  const query = trailQuery(request);
  const after = asked(request, 'after');
  const isAsked = asked(request, 'ask') !== undefined || Object.keys(query).length > 0;
  const page = isAsked ? await desk.trail(visitor, query, after) : undefined;
  response.status(page?.fault === undefined ? 200 : 422);
  response.send(trailPage(site, { visitor, query, page, isLater: after !== undefined }));
}

function trailQuery(request: Request): TrailQuery {
  const [person, patient, app] = [asked(request, 'person'), asked(request, 'patient'), asked(request, 'app')];
  const [from, to] = [asked(request, 'from'), asked(request, 'to')];
  const happening = KINDS.find(([kind]) => kind === asked(request, 'happening'))?.[0];
  const outcome = OUTCOMES.find(([kind]) => kind === asked(request, 'outcome'))?.[0];
  return {
    ...(person !== undefined && { person: person.trim() }),
    ...(patient !== undefined && { patient: patient.trim().replace(/^Patient\//, '') }),
    ...(app !== undefined && { app: app.trim() }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(happening !== undefined && { happening }),
    ...(outcome !== undefined && { outcome }),
  };
}

async function unusual({ site, desk, visitor, response }: Visit): Promise<void> {
  response.send(unusualPage(site, { visitor, unusual: await desk.unusual() }));
}
