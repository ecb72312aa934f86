/**
 * A problem in words: one sentence for the person who only wanted to open an app, and for the developer the rule, the value sent, the value
 * expected, the nearest right one and what to do. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
 */
import type { ProblemView } from './pages.ts';
import type { Problem } from './problem.ts';

const GUIDE = 'https://hl7.org/fhir/smart-app-launch/STU2.2';
const DEVELOPER = 'the developer of the app';
const YOU = 'you';

type Words = Omit<ProblemView, 'requestId'>;
type Detail = NonNullable<ProblemView['detail']>;

/** The page of a problem. `requestId` is what the operator finds it by. */
export function problemView(problem: Problem, requestId: string): ProblemView {
  return { ...wordsOf(problem), requestId };
}

type Of<Kind extends Problem['kind']> = Extract<Problem, { readonly kind: Kind }>;

/** Kind of problem -> its words. */
const WORDS: { readonly [Kind in Problem['kind']]: (problem: Of<Kind>) => Words } = {
  aud: (problem) =>
    ofDeveloper(
      'This app asked for another server',
      'The app wants to talk to a server that is not this one.',
      {
        sent: problem.sent ?? '(nothing)',
        expected: problem.expected,
        fix: 'Send aud with the FHIR base URL that the app was launched with (iss), letter by letter.',
        rule: rule('aud is the URL of the FHIR server', '/app-launch.html#obtain-authorization-code'),
      },
    ),
  pkce: (problem) =>
    ofDeveloper('This app left out a safeguard', 'The app did not protect the sign-in as it must.', {
      sent: problem.method === undefined ? '(no code_challenge)' : `code_challenge_method=${problem.method}`,
      expected: 'code_challenge=…&code_challenge_method=S256',
      fix: 'Make a code_verifier, send its SHA-256 as code_challenge, and bring the verifier with the code. fhirclient does it with pkceMode "ifSupported".',
      rule: rule('All SMART apps SHALL support PKCE', '/app-launch.html#considerations-for-pkce-support'),
    }),
  redirect: redirectWords,
  client: (problem) =>
    ofDeveloper('This app is not known here', 'No app is registered under the name that it gave.', {
      sent: problem.sent ?? '(nothing)',
      fix: 'Register the app with this server, or send the client_id that it was given here.',
      rule: rule(
        'client_id is the identifier given at registration',
        '/app-launch.html#register-app-with-ehr',
      ),
    }),
  launch: (problem) => launchWords(problem.fault),
  scope: (problem) =>
    ofDeveloper('This app asked for something that does not exist', 'What the app asked for is misspelt.', {
      sent: problem.sent,
      ...(problem.nearest.length > 0 && { expected: problem.nearest[0]!, nearest: problem.nearest }),
      fix: 'Write scopes as level/Type.letters, with the letters in the order c r u d s.',
      rule: rule(
        'Scopes for requesting FHIR resources',
        '/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources',
      ),
    }),
  origin: (problem) =>
    ofDeveloper(
      'A page that is not registered called',
      'The app runs on a page that it has not registered.',
      {
        sent: problem.sent,
        nearest: problem.registered,
        fix: 'Register a redirect_uri (or allowed_origins) with the origin that the app runs on.',
        rule: rule(
          'Servers SHALL support CORS for registered origins',
          '/app-launch.html#considerations-for-cross-origin-resource-sharing-cors-support',
        ),
      },
    ),
  clock: (problem) =>
    ofDeveloper('The clocks differ', 'The app and this server do not agree on the time.', {
      sent: problem.sent,
      expected: problem.ours,
      fix: 'Set the clock of the app’s machine by NTP: a minute either way is allowed. Let exp be at most five minutes ahead.',
      rule: rule(
        'exp SHALL be no more than five minutes in the future',
        '/client-confidential-asymmetric.html#authenticating-to-the-token-endpoint',
      ),
    }),
  kid: (problem) =>
    ofDeveloper('The key is not known', 'The app signed with a key that it has not registered.', {
      sent: problem.sent ?? '(no kid)',
      nearest: problem.registered,
      fix: 'Put the key into the registered key set (or at its jwks_uri), and its kid into the header of the assertion.',
      rule: rule(
        'kid SHALL identify the key pair',
        '/client-confidential-asymmetric.html#authenticating-to-the-token-endpoint',
      ),
    }),
  session: () => ({
    status: 400,
    title: 'This sign-in is over',
    sentence:
      'It took too long, was finished in another tab, or the browser does not keep cookies for this page.',
    whoCanFix: YOU,
  }),
  upstream: (problem) => upstreamWords(problem),
  'no-record': () => ({
    status: 403,
    title: 'There is no record to show',
    sentence: 'Your account is not linked to a patient record, so there is nothing that this app could open.',
    whoCanFix: 'the people who run this server',
  }),
  other: (problem) =>
    ofDeveloper('This app could not be opened', 'The app sent a request that this server does not accept.', {
      sent: problem.error,
      fix: problem.description,
      rule: {
        text: 'OAuth 2.0, error response',
        url: 'https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1',
      },
    }),
};

const wordsOf = (problem: Problem): Words => (WORDS[problem.kind] as (problem: Problem) => Words)(problem);

function redirectWords({ sent, registered }: Of<'redirect'>): Words {
  const closest = sent === undefined ? registered : byNearness(sent, registered);
  return ofDeveloper(
    'This app wants to return to an address that is not its own',
    'For your safety nothing was sent to the app.',
    {
      sent: sent ?? '(nothing)',
      ...(closest[0] !== undefined && { expected: closest[0] }),
      nearest: closest,
      fix: 'Send redirect_uri exactly as registered: scheme, host, port, path, trailing slash and query all count. Or register this one.',
      rule: rule('redirect_uri matches a registered one', '/app-launch.html#obtain-authorization-code'),
    },
  );
}

/** The one that shares the longest beginning and end comes first. */
function byNearness(sent: string, registered: readonly string[]): readonly string[] {
  const shared = (one: string): number => sharedStart(sent, one) + sharedStart(reversed(sent), reversed(one));
  return registered.toSorted((a, b) => shared(b) - shared(a));
}

const reversed = (text: string): string => [...text].toReversed().join('');

function sharedStart(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  for (let i = 0; i < most; i++) if (a[i] !== b[i]) return i;
  return most;
}

const LAUNCHES: Readonly<Record<string, readonly [sentence: string, fix: string, whoCanFix: string]>> = {
  unknown: [
    'This launch was not made by this server.',
    'Bring launch back exactly as it came to the launch URL, to the server that iss named.',
    DEVELOPER,
  ],
  used: [
    'This launch was used already. Each is good for one sign-in.',
    'Start the app again. An app must not send the same launch twice, and not when its page is reloaded.',
    YOU,
  ],
  expired: [
    'This launch is more than five minutes old.',
    'Start the app again. An app should go to the authorization endpoint as soon as it is launched.',
    YOU,
  ],
  client: [
    'This launch was made for another app.',
    'Send the client_id that the launch URL is registered under.',
    DEVELOPER,
  ],
  user: [
    'This launch belongs to someone else’s session.',
    'Sign in as the person who started the app, or start it again yourself.',
    YOU,
  ],
};

function launchWords(fault: string): Words {
  const [sentence, fix, whoCanFix] = LAUNCHES[fault]!;
  const detail: Detail = {
    fix,
    rule: rule(
      'launch is an opaque identifier of this specific launch',
      '/app-launch.html#launch-app-ehr-launch',
    ),
  };
  return { status: 400, title: 'This launch cannot be used', sentence, detail, whoCanFix };
}

const OPERATORS = 'the people who run this server';

const UPSTREAM: Readonly<
  Record<Of<'upstream'>['fault'], readonly [status: number, sentence: string, whoCanFix: string]>
> = {
  away: [
    503,
    'It does not answer at this moment. Sign in with your password, or try again later.',
    OPERATORS,
  ],
  refused: [400, 'You were not signed in there, or what came back from there does not hold. Try again.', YOU],
  unknown: [
    403,
    'Nobody here is linked to your account there. Sign in with your password once, and link it under sign-in and security.',
    YOU,
  ],
  taken: [409, 'Your account there is linked to another account here. Unlink it there first.', YOU],
};

function upstreamWords({ fault, name }: Of<'upstream'>): Words {
  const [status, sentence, whoCanFix] = UPSTREAM[fault];
  return { status, title: `Signing in with ${name} did not work`, sentence, whoCanFix };
}

const ofDeveloper = (title: string, sentence: string, detail: Detail): Words => ({
  status: 400,
  title,
  sentence,
  detail,
  whoCanFix: DEVELOPER,
});

const rule = (text: string, path: string): Detail['rule'] => ({ text, url: GUIDE + path });
