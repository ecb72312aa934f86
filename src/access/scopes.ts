/**
 * The grammar of SMART scopes, versions 1 and 2: text to typed and back.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
 */
import type { Action } from './context.ts';

export type ScopeLevel = 'patient' | 'user' | 'system';
export type Letter = 'c' | 'r' | 'u' | 'd' | 's';

/** `patient/Observation.rs?category=laboratory` */
export interface ResourceScope {
  readonly kind: 'resource';
  readonly level: ScopeLevel;
  /** a resource type, or `*` for all, now and in future */
  readonly type: string;
  /** letters in the order `cruds`, at least one */
  readonly letters: string;
  /** search parameters that a resource must meet, decoded; empty for all */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** as it was written: what is echoed to the client */
  readonly text: string;
}

/** `launch`, `launch/patient`, `launch/encounter`, `launch/<type>?role=…` */
export interface LaunchScope {
  readonly kind: 'launch';
  /** undefined: the plain `launch` of an EHR launch; else `patient`, `encounter` or a lower-case type */
  readonly what: string | undefined;
  readonly role: string | undefined;
  readonly text: string;
}

/** `openid`, `fhirUser`, `profile`, `offline_access`, `online_access` */
export interface PlainScope {
  readonly kind: 'plain';
  readonly text: 'openid' | 'fhirUser' | 'profile' | 'offline_access' | 'online_access';
}

export type SmartScope = ResourceScope | LaunchScope | PlainScope;

export const LETTERS: Readonly<Record<Action, Letter>> = {
  create: 'c',
  read: 'r',
  update: 'u',
  delete: 'd',
  search: 's',
};

const PLAIN: readonly string[] = ['openid', 'fhirUser', 'profile', 'offline_access', 'online_access'];
const VERSION_1: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' };
const RESOURCE = /^(patient|user|system)\/(\*|[A-Z][A-Za-z]{1,63})\.(read|write|\*|c?r?u?d?s?)(?:\?(.+))?$/;
const LAUNCH = /^launch(?:\/([a-z][a-z-]{1,63})(?:\?role=(.{1,200}))?)?$/;
/** The same scopes written as URIs. */
const URI_PREFIX = 'http://smarthealthit.org/fhir/scopes/';
const MOST_LENGTH = 2000;

/** One scope; undefined where it is none of SMART's (unknown, out of order, without letters). */
export function parseScope(text: string): SmartScope | undefined {
  if (text.length > MOST_LENGTH) return undefined;
  const bare = text.startsWith(URI_PREFIX) ? text.slice(URI_PREFIX.length) : text;
  if (PLAIN.includes(bare)) return { kind: 'plain', text: bare as PlainScope['text'] };
  const launch = LAUNCH.exec(bare);
  if (launch) return { kind: 'launch', what: launch[1], role: launch[2], text };
  return parseResourceScope(bare, text);
}

function parseResourceScope(bare: string, text: string): ResourceScope | undefined {
  const [, level, type, suffix, question] = RESOURCE.exec(bare) ?? [];
  if (level === undefined || type === undefined || !suffix) return undefined;
  const query = question === undefined ? [] : parseFilter(question);
  if (!query) return undefined;
  return {
    kind: 'resource',
    level: level as ScopeLevel,
    type,
    letters: VERSION_1[suffix] ?? suffix,
    query,
    text,
  };
}

function parseFilter(question: string): ResourceScope['query'] | undefined {
  const query: [string, string][] = [];
  for (const pair of question.split('&')) {
    const at = pair.indexOf('=');
    if (at < 1 || at === pair.length - 1) return undefined;
    try {
      query.push([decodeURIComponent(pair.slice(0, at)), decodeURIComponent(pair.slice(at + 1))]);
    } catch {
      return undefined;
    }
  }
  return query;
}

/** All scopes of a space-separated list that are SMART's; others are left out, as the specification allows. */
export function parseScopes(text: string): readonly SmartScope[] {
  return text
    .split(' ')
    .filter((one) => one !== '')
    .flatMap((one) => parseScope(one) ?? []);
}
