/**
 * What is looked at, each check a row: what it is, what it does, and what to do where it fails. A check throws Fault with what it saw; what it gives back is
 * the detail of its success. https://hl7.org/fhir/smart-app-launch/STU2.2/, https://www.rfc-editor.org/rfc/rfc9700
 */
import type { Check } from './check.ts';
import { AFTER } from './checks-after.ts';
import { AROUND } from './checks-around.ts';
import { CORS, DISCOVERY, PKCE } from './checks-discovery.ts';
import { CLIENTS, GRANTED, LAUNCH } from './checks-launch.ts';

/** In the order in which they are told. What ends a token comes after what uses it. */
export const CHECKS: readonly Check[] = [
  ...DISCOVERY,
  ...CORS,
  ...PKCE,
  ...CLIENTS,
  ...LAUNCH,
  ...GRANTED,
  ...AFTER,
  ...AROUND,
];
