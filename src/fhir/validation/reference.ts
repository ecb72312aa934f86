/**
 * What a Reference or canonical may lead to, by the type in its text. Whether the target is there is the store's to say.
 * https://hl7.org/fhir/R4/references.html
 */
import type { Definitions } from '../definitions/registry.ts';
import { isObject, type JsonObject, type JsonValue } from '../model/tree.ts';
import type { PathNode } from '../path/node.ts';
import { passes, report, type Check, type Run } from './finding.ts';
import { entryOf, targetOf, type Target } from './target.ts';

const CORE = 'http://hl7.org/fhir/StructureDefinition/';
const REST_URL = /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9.-]{1,64}(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/;

/** The resource type that a profile is about; undefined where the profile is not known. */
function typeOfProfile(definitions: Definitions, canonical: string): string | undefined {
  const [url = ''] = canonical.split('|');
  if (url.startsWith(CORE) && definitions.type(url.slice(CORE.length))) return url.slice(CORE.length);
  const text = definitions.conformance('StructureDefinition', canonical);
  return text === undefined ? undefined : (JSON.parse(text) as { type?: string }).type;
}

/** The check of the types that a Reference may have; undefined where any will do. */
export function targetCheck(
  definitions: Definitions,
  targets: readonly string[],
  profile: string | undefined,
): Check | undefined {
  if (targets.length === 0) return undefined;
  let types: Set<string> | undefined;
  let isOpen = false;
  const look = (): void => {
    const found = targets.map((one) => typeOfProfile(definitions, one));
    isOpen = found.some((one) => one === undefined || one === 'Resource' || one === 'DomainResource');
    types = new Set(found.filter((one) => one !== undefined));
  };
  return (node, run) => {
    if (!types) look();
    if (isOpen || node.type !== 'Reference' || !isObject(node.value)) return;
    const type = typeOfTarget(definitions, node, node.value, run);
    if (type === undefined || types!.has(type)) return;
    const text = `The reference leads to ${aOrAn(type)}: it may lead to ${[...types!].join(', ')}`;
    report(run, node, { severity: 'error', code: 'structure', text, profile });
  };
}

const aOrAn = (word: string): string => `${/^[AEIO]/.test(word) ? 'an' : 'a'} ${word}`;

function typeOfTarget(
  definitions: Definitions,
  node: PathNode,
  { reference, type }: JsonObject,
  run: Run,
): string | undefined {
  if (typeof reference === 'string') {
    const inside = targetOf(reference, node)?.nodes[0];
    if (inside) return inside.type;
    const named = REST_URL.exec(reference)?.[1];
    if (named !== undefined && definitions.isResourceType(named)) return named;
    const target = run.environment.resolve?.(reference, node);
    if (target) return target.type;
  }
  return typeof type === 'string' && definitions.isResourceType(type) ? type : undefined;
}

/** A Reference by itself: what its text says of the target, and what the target is, where that is in the same text. */
export const referenceCheck =
  (definitions: Definitions): Check =>
  (node, run) => {
    if (!isObject(node.value)) return;
    const { reference, type } = node.value;
    if (typeof reference !== 'string') return;
    const tell = (text: string): void => report(run, node, { severity: 'error', code: 'structure', text });
    if (/\s/.test(reference)) return tell(`"${reference}" is no URL: it has spaces in it`);
    const target = targetOf(reference, node);
    if (target) return foundCheck(reference, type, target, tell);
    const named = RELATIVE.exec(reference)?.[1];
    if (named !== undefined && !definitions.isResourceType(named))
      tell(`"${reference}" names no type of resource: ${named}`);
  };

const RELATIVE = /^([A-Z][A-Za-z]+)\/[A-Za-z0-9.-]{1,64}$/;

function foundCheck(
  reference: string,
  type: JsonValue | undefined,
  target: Target,
  tell: (text: string) => void,
): void {
  if (target.nodes.length > 1) return tell(`${target.nodes.length} entries of the Bundle are "${reference}"`);
  const [{ type: real }] = target.nodes as [PathNode];
  const named = REST_URL.exec(reference)?.[1];
  if (named !== undefined && named !== real) {
    tell(`The reference "${reference}" names ${aOrAn(named)}, and leads to ${aOrAn(real)}`);
  } else if (typeof type === 'string' && /^[A-Z]/.test(type) && type !== real) {
    tell(`The reference says that its target is ${aOrAn(type)}, and it is ${aOrAn(real)}`);
  }
}

/** What a target has to be beyond its type: it has to fit one of the profiles. Only targets in the same text are looked at. */
export function targetProfileCheck(
  targets: readonly string[],
  profileOf: (canonical: string) => Check | undefined,
  profile: string,
): Check | undefined {
  if (targets.every((one) => one.startsWith(CORE) && !one.includes('-'))) return undefined;
  return (node, run) => {
    const reference = isObject(node.value) ? node.value['reference'] : undefined;
    const found = typeof reference === 'string' ? targetOf(reference, node)?.nodes[0] : undefined;
    if (!found || targets.includes(CORE + found.type)) return;
    const checks = targets.map(profileOf);
    if (checks.some((check) => !check || passes(check, found, run))) return;
    const text = `The target "${String(reference)}" fits none of ${targets.join(', ')}`;
    report(run, node, { severity: 'error', code: 'structure', text, profile });
  };
}

/** Whether a reference may leave the resource or the Bundle. https://hl7.org/fhir/R4/valueset-resource-aggregation-mode.html */
export function aggregationCheck(modes: readonly string[], profile: string): Check | undefined {
  if (modes.length === 0 || modes.length === 3) return undefined;
  return (node, run) => {
    const reference = isObject(node.value) ? node.value['reference'] : undefined;
    if (typeof reference !== 'string') return;
    const target = targetOf(reference, node);
    // Outside of a Bundle nobody can say what a Bundle would have.
    if (!target && !entryOf(node) && modes.includes('bundled')) return;
    const how = target?.how ?? 'referenced';
    if (modes.includes(how)) return;
    const text = `The target is ${how}: it has to be ${modes.join(' or ')}`;
    report(run, node, { severity: 'error', code: 'structure', text, profile });
  };
}
