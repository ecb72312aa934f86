/** What a check is, and what checks are made with. */
import { browser, valuesOf } from './browser.ts';
import { Fault, type Exam, type Json } from './exam.ts';

export const AREAS = [
  'discovery',
  'cors',
  'pkce',
  'clients',
  'launch',
  'scopes',
  'refresh',
  'introspection',
  'revocation',
  'brands',
  'tls',
  'headers',
  'clock',
] as const;
export type Area = (typeof AREAS)[number];

export interface Check {
  readonly area: Area;
  readonly name: string;
  readonly fix: string;
  readonly run: (exam: Exam) => Promise<string>;
}

export const check = (area: Area, name: string, fix: string, run: Check['run']): Check => ({
  area,
  name,
  fix,
  run,
});

export function must(holds: boolean, fault: string): asserts holds {
  if (!holds) throw new Fault(fault);
}

export const list = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
export const APP_ORIGIN = 'https://app.example.org';

export const bearer = (token: Json): Record<string, string> => ({
  authorization: `Bearer ${String(token['access_token'])}`,
  accept: 'application/fhir+json',
});

/** What the app is told, or the page that is shown, for an authorization request that must be refused. */
export async function refusal(
  exam: Exam,
  over: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const app = await exam.app('public');
  const { url } = await exam.authorizeUrl(app, over);
  const at = await browser(new URL(url).origin).open(url);
  const location = at.headers.get('location') ?? '';
  const error = URL.parse(location, at.url)?.searchParams.get('error');
  if (error) return `error=${error}`;
  must(
    !/[?&]code=/.test(location) && !valuesOf(at, 'csrf').length,
    'it is taken, and goes on to the sign-in',
  );
  must(at.status >= 400, `it is answered with ${at.status}`);
  return `answered ${at.status}`;
}
