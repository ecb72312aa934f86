/**
 * Policies as data: who may do what with which resources, what stays hidden, and what a write must keep to. Kept as FHIR resources (`parse.ts`), or
 * built in (`built-in.ts`), in one and the same form (docs/policies.md, docs/adr/0032).
 */
import type { Action } from '../action.ts';

/** What a caller is: a person by their account or their resource, or a client that acts for itself. */
export const ROLES = ['practitioner', 'patient', 'related', 'operator', 'service'] as const;
export type Role = (typeof ROLES)[number];

export const ACTIONS: readonly Action[] = ['create', 'read', 'update', 'delete', 'search'];

/**
 * Purposes of use that a request may name and a rule may ask for.
 * https://terminology.hl7.org/ValueSet-v3-PurposeOfUse.html
 */
export const PURPOSES: readonly string[] = [
  'TREAT',
  'ETREAT',
  'BTG',
  'CAREMGT',
  'COORDINATION',
  'HPAYMT',
  'HOPERAT',
  'HQUALIMP',
  'HRESCH',
  'CLINTRCH',
  'PUBHLTH',
  'PATADMIN',
  'PATRQT',
  'FAMRQT',
  'PATSFTY',
  'HSYSADMIN',
  'HMARKT',
  'HLEGAL',
  'HDIRECT',
];

/** What a write must be: a FHIRPath over the new value, with the one before as `%old`. */
export interface Constraint {
  readonly expression: string;
  /** what a person is told who does not meet it */
  readonly human: string;
}

/** What a rule allows adds to what others allow; what it hides, locks or demands holds for its types whichever rule allowed it. */
export interface Rule {
  readonly name: string;
  /** resource types, or `*` for all */
  readonly types: readonly string[];
  readonly actions: readonly Action[];
  /** search parameters that a resource must meet, with placeholders: `location={my-locations}` */
  readonly criteria?: string;
  /** a search of Patient: only what lies in the record of a patient that it finds */
  readonly patients?: string;
  /** the rule only holds for a request that names one of these as its purpose; empty: for any, and for none */
  readonly purposes: readonly string[];
  /** `Patient.telecom`: left out of all that is shown */
  readonly hidden: readonly string[];
  /** `Patient.identifier`: cannot be changed by the actions of this rule */
  readonly readOnly: readonly string[];
  readonly constraints: readonly Constraint[];
}

/** Whom a policy is for, within its roles; empty lists: all of them. */
export interface Whom {
  /** `Practitioner/123` */
  readonly users: readonly string[];
  readonly clients: readonly string[];
  /** `Organization/1`: those who work there by a PractitionerRole in force */
  readonly organizations: readonly string[];
  /** `system|code` of PractitionerRole.code: those who work as that */
  readonly work: readonly string[];
}

export interface Policy {
  readonly title: string;
  /** `Basic/own-patients/_history/3`, or `built-in` */
  readonly source: string;
  readonly roles: readonly Role[];
  readonly whom: Whom;
  readonly rules: readonly Rule[];
  /** what is wrong with it: then it grants nothing, and nothing else is granted to those whom it is for */
  readonly problems: readonly string[];
}

export const EVERYONE: Whom = { users: [], clients: [], organizations: [], work: [] };

/** `Basic.code` of a policy. */
export const POLICY_SYSTEM = 'urn:embergate:CodeSystem:kinds';
export const POLICY_CODE = 'access-policy';
export const POLICY_PROFILE = 'urn:embergate:StructureDefinition:access-policy';
/** Extensions of a policy. */
export const URLS = {
  active: 'urn:embergate:access:active',
  for: 'urn:embergate:access:for',
  rule: 'urn:embergate:access:rule',
} as const;

export const PLACEHOLDERS = ['me', 'my-patient', 'my-organizations', 'my-locations', 'my-roles'] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

export const namesAction = (rule: Rule, action: Action, type: string): boolean =>
  rule.actions.includes(action) && namesType(rule, type);

export const namesType = ({ types }: Pick<Rule, 'types'>, type: string): boolean =>
  types.includes(type) || types.includes('*');
