/** What `npm start` prints: where everything is, who can sign in, and a command to copy for each way in. */
import type { Config } from './config.ts';
import type { DemoAccess } from './demo-access.ts';

/** Ids of two patients of the demo, when it is loaded. */
export interface DemoPeople {
  readonly patient: string;
  readonly child: string;
}

export interface BannerFacts {
  readonly config: Config;
  /** the origin that clients see */
  readonly url: string;
  readonly people?: DemoPeople;
  readonly access?: DemoAccess;
}

export function banner(facts: BannerFacts): string {
  const rows = [
    '',
    'Embergate is ready.',
    '',
    ...places(facts),
    ...patients(facts),
    ...ways(facts),
    '',
    ...(facts.config.access === 'open' ? openCurls(facts) : smartCurls(facts)),
    '',
    'Ctrl-C stops it; what is stored stays.',
    '',
  ];
  return rows.join('\n');
}

const row = (name: string, ...values: readonly string[]): string =>
  `  ${name.padEnd(17)} ${values.join('  ')}`;

function places({ config, url }: BannerFacts): readonly string[] {
  const base = `${url}/fhir`;
  const { store } = config;
  const smart =
    config.access === 'smart'
      ? [row('App gallery', `${url}/apps`), row('SMART discovery', `${base}/.well-known/smart-configuration`)]
      : [];
  return [
    row('FHIR R4 base', base),
    row('Capabilities', `${base}/metadata`),
    ...smart,
    row('Health, metrics', `${url}/readyz`, `${url}/metrics`),
    row('Store', store.kind === 'sqlite' ? `SQLite, folder ${store.location}` : 'MongoDB'),
    row(
      'Access',
      config.access === 'open'
        ? 'open: no token is asked for, and only this machine can reach it'
        : 'SMART on FHIR: who asks for records needs an access token',
    ),
  ];
}

function patients({ url, people }: BannerFacts): readonly string[] {
  if (!people) return [];
  return [
    row('Demo patients', `Daniel Okafor, 58  ${url}/fhir/Patient/${people.patient}`),
    row('', `Maya Chen, 7       ${url}/fhir/Patient/${people.child}`),
  ];
}

function ways({ config, access }: BannerFacts): readonly string[] {
  if (access) {
    return [
      '',
      'Accounts of the demo: user name, password, who it is',
      ...access.accounts.map(({ username, password, who }) => row(username, password.padEnd(8), who)),
      '',
      'Clients of the demo: client id, credentials',
      ...access.clients.map(({ id, how }) => row(id, how)),
    ];
  }
  return config.access === 'open'
    ? []
    : [
        '',
        'Nobody can sign in yet unless you have made accounts and registered apps:',
        row('an account', 'node scripts/embergate.mjs user add --help'),
        row('an app', 'node scripts/embergate.mjs client add --help'),
      ];
}

function openCurls({ url, people }: BannerFacts): readonly string[] {
  const base = `${url}/fhir`;
  const heights = people ? `patient=${people.child}&` : '';
  return [
    'Try it:',
    `  curl '${base}/Patient?_count=3&_pretty=true'`,
    `  curl '${base}/Observation?${heights}code=http://loinc.org|8302-2&_sort=-date&_count=5&_pretty=true'`,
    `  curl -H 'Content-Type: application/fhir+json' -d '{"resourceType":"Patient","name":[{"family":"Ember"}]}' '${base}/Patient'`,
  ];
}

const TOKEN_IN = `sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/'`;

/** Each line is whole: copied alone, it gets what it needs. */
function smartCurls({ url, people, access }: BannerFacts): readonly string[] {
  const [base, token] = [`${url}/fhir`, `${url}/oidc/token`];
  const discovery = [
    'Ways in, to copy.',
    '  What the server offers, without a token:',
    `    curl -s '${base}/.well-known/smart-configuration'`,
  ];
  if (!access || !people) return discovery;
  const grant = '-d grant_type=client_credentials';
  const secret = `curl -s -u demo-confidential:demo-secret ${grant} -d 'scope=system/Patient.rs' '${token}'`;
  const assertion = `node scripts/embergate.mjs client assertion demo-backend --key '${access.keyFile}' --endpoint '${token}'`;
  const signed = `curl -s ${grant} -d 'scope=system/Observation.rs' -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer -d "client_assertion=$(${assertion})" '${token}'`;
  const bearer = (source: string): string => `-H "Authorization: Bearer $(${source} | ${TOKEN_IN})"`;
  return [
    ...discovery,
    '  A client with a secret:',
    `    curl -s ${bearer(secret)} '${base}/Patient?_count=3&_pretty=true'`,
    '  A backend service, which signs with its key:',
    `    curl -s ${bearer(signed)} '${base}/Observation?patient=${people.child}&code=http://loinc.org|8302-2&_sort=-date&_count=5&_pretty=true'`,
    '  A person: open the app gallery and press Launch, or see where an app sends the browser (to the sign-in page):',
    `    curl -s -o /dev/null -w '%{http_code} %{redirect_url}\\n' '${authorizeUrl(url)}'`,
  ];
}

/** The challenge is the one of RFC 7636, appendix B: enough to see the sign-in page, and nobody's secret. */
function authorizeUrl(url: string): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'demo-public',
    redirect_uri: `${url}/smart-apps/growth-chart/index.html`,
    scope: 'launch/patient openid fhirUser patient/*.rs',
    state: 'any-value',
    aud: `${url}/fhir`,
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  });
  return `${url}/oidc/authorize?${query.toString()}`;
}
