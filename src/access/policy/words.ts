/** Rules and scopes in plain words, for those who keep policies and those who wonder why. docs/policies.md */
import type { ResourceScope } from '../scopes.ts';
import type { Rule } from './rule.ts';

/** `read, search Observation where category=laboratory, in the records of patients where general-practitioner={me}`. */
export function ruleInWords({ actions, types, criteria, patients, purposes }: Rule): string {
  const what = types.includes('*') ? 'resources of every type' : types.join(', ');
  return [
    `${actions.join(', ')} ${what}`,
    criteria === undefined ? '' : ` where ${criteria}`,
    patients === undefined ? '' : `, in the records of patients where ${patients}`,
    purposes.length === 0 ? '' : `, for the purpose ${purposes.join(' or ')}`,
  ].join('');
}

/** What a rule takes away or asks for; undefined where nothing. */
export function limitsInWords({ hidden, readOnly, constraints }: Rule): string | undefined {
  const parts = [
    hidden.length > 0 && `hides ${hidden.join(', ')}`,
    readOnly.length > 0 && `locks ${readOnly.join(', ')}`,
    ...constraints.map(({ human }) => `demands: ${human}`),
  ].filter((part) => part !== false);
  return parts.length > 0 ? parts.join('; ') : undefined;
}

const VERBS: Readonly<Record<string, string>> = {
  c: 'create',
  r: 'read',
  u: 'update',
  d: 'delete',
  s: 'search',
};
const WHOSE: Readonly<Record<ResourceScope['level'], string>> = {
  patient: 'of the patient in context',
  user: 'that the user may see',
  system: 'of the tenant',
};

/** `patient/Observation.rs` as `read, search Observation of the patient in context`. */
export function scopeInWords({ level, type, letters, query }: ResourceScope): string {
  const verbs = [...letters].map((letter) => VERBS[letter]).join(', ');
  const what = type === '*' ? 'resources of every type' : type;
  const where = query.length === 0 ? '' : ` where ${query.map((pair) => pair.join('=')).join(' and ')}`;
  return `${verbs} ${what} ${WHOSE[level]}${where}`;
}
