/**
 * Which of the scopes of a request can be granted at all: those of SMART's that fit the flow, name a type that exists, and lie within what the
 * client is registered for. What a scope then shows is decided in `access`.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
 */
import { parseScope, type ResourceScope, type SmartScope } from '../access/scopes.ts';

export type ScopeFlow = 'user' | 'backend';

export interface ScopeRules {
  readonly flow: ScopeFlow;
  /** the client's registered scopes, separated by spaces; undefined: whatever the flow allows */
  readonly registered?: string;
  readonly types: readonly string[];
}

export type ScopeFault = 'malformed' | 'not-registered' | 'other-flow' | 'unknown-type' | 'unknown';

export interface ScopeDecision {
  /** as they were asked, in their order, each once */
  readonly granted: readonly string[];
  readonly refused: readonly {
    readonly scope: string;
    readonly fault: ScopeFault;
    readonly nearest?: string;
  }[];
}

export function decideScopes(asked: string, rules: ScopeRules): ScopeDecision {
  const granted: string[] = [];
  const refused: ScopeDecision['refused'][number][] = [];
  const registered = registeredScopes(rules.registered);
  for (const scope of new Set(asked.split(' ').filter((one) => one !== ''))) {
    const fault = faultOf(scope, rules, registered);
    if (fault === undefined) granted.push(scope);
    else refused.push({ scope, fault, ...nearestTo(scope, fault) });
  }
  return { granted, refused };
}

function faultOf(
  text: string,
  { flow, types }: ScopeRules,
  registered: readonly SmartScope[] | undefined,
): ScopeFault | undefined {
  const scope = parseScope(text);
  if (!scope) return looksLikeOurs(text) ? 'malformed' : 'unknown';
  if (scope.kind === 'resource') {
    if ((scope.level === 'system') !== (flow === 'backend')) return 'other-flow';
    if (scope.type !== '*' && !types.includes(scope.type)) return 'unknown-type';
  } else if (flow === 'backend') return 'other-flow';
  if (!registered) return undefined;
  return registered.some((allowed) => covers(allowed, scope)) ? undefined : 'not-registered';
}

function registeredScopes(text: string | undefined): readonly SmartScope[] | undefined {
  if (text === undefined) return undefined;
  return text.split(' ').flatMap((one) => parseScope(one) ?? []);
}

/** Meant as a scope of ours and spelt wrongly: worth an error rather than silence. */
const looksLikeOurs = (text: string): boolean => /^(?:patient|user|system)\/|^launch\//.test(text);

/** Whether the registered scope allows all that the asked one does. */
export function covers(allowed: SmartScope, asked: SmartScope): boolean {
  if (allowed.kind === 'resource' && asked.kind === 'resource') return coversResource(allowed, asked);
  if (allowed.kind === 'launch' && asked.kind === 'launch') {
    return allowed.what === asked.what && (allowed.role === undefined || allowed.role === asked.role);
  }
  return allowed.kind === 'plain' && asked.kind === 'plain' && allowed.text === asked.text;
}

function coversResource(allowed: ResourceScope, asked: ResourceScope): boolean {
  return (
    allowed.level === asked.level &&
    (allowed.type === '*' || allowed.type === asked.type) &&
    [...asked.letters].every((letter) => allowed.letters.includes(letter)) &&
    allowed.query.every(([name, value]) => asked.query.some(([n, v]) => n === name && v === value))
  );
}

/** The scope that was probably meant: letters in their order, the type's spelling. */
function nearestTo(text: string, fault: ScopeFault): { readonly nearest?: string } {
  if (fault !== 'malformed') return {};
  const [, level, type, suffix, rest = ''] = /^(\w+)\/([A-Za-z*]+)\.([a-z*]+)(\?.+)?$/.exec(text) ?? [];
  if (level === undefined || type === undefined || suffix === undefined) return {};
  const letters = [...'cruds'].filter((letter) => suffix.includes(letter)).join('');
  const nearest = `${level}/${type === '*' ? type : type[0]!.toUpperCase() + type.slice(1)}.${letters}${rest}`;
  return parseScope(nearest) ? { nearest } : {};
}

/** Whether the scopes need a patient in context: asked for as such, or implied. */
export function wantsPatient(scopes: string): boolean {
  return parsedScopes(scopes).some(
    (scope) =>
      (scope.kind === 'resource' && scope.level === 'patient') ||
      (scope.kind === 'launch' && (scope.what === 'patient' || scope.what === 'encounter')),
  );
}

export const wantsEncounter = (scopes: string): boolean => hasScope(scopes, 'launch/encounter');

export const hasScope = (scopes: string | undefined, scope: string): boolean =>
  scopes !== undefined && scopes.split(' ').includes(scope);

const parsedScopes = (text: string): readonly SmartScope[] =>
  text.split(' ').flatMap((one) => parseScope(one) ?? []);
