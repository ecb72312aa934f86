/**
 * What the gallery needs of the house to launch an app: who may be signed in by a press of a button (the accounts of the demo, and no others), what
 * they may see, and launch handles. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-ehr-launch
 */
import type { LaunchContext } from '../access/launch-context.ts';
import type { PersonView, SelectEncounterView } from '../smart/pages.ts';
import type { LaunchApp } from './sample-apps.ts';

export interface LaunchUser {
  /** id of the account */
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly role: 'practitioner' | 'patient' | 'related' | 'operator';
  readonly fhirUser?: string;
}

export interface NewLaunch {
  readonly clientId: string;
  readonly accountId: string;
  readonly context: LaunchContext;
  /** for our own apps only */
  readonly signIn?: true;
  readonly skipConsent?: true;
}

/** What stands above a chart. */
export interface ChartBanner {
  readonly patient: PersonView;
  readonly allergies: readonly string[];
  readonly problems: readonly string[];
}

export interface Launching {
  /** apps of others that are registered with a launch address: so many that one can choose among them */
  apps(): Promise<readonly LaunchApp[]>;
  /** undefined: there is none, or it has no launch address */
  app(clientId: string): Promise<LaunchApp | undefined>;
  /** FHIR base, `iss` of a launch */
  readonly base: string;
  /** the demo is there, or on its way */
  hasDemo(): Promise<boolean>;
  /** the demo's accounts that have a place in the record; none outside of the demo, where nothing can be launched from here */
  users(): Promise<readonly LaunchUser[]>;
  /** whom a clinician's launch is about unless another is chosen */
  child(): Promise<string | undefined>;
  /** so many that one can choose among them */
  patients(user: LaunchUser): Promise<readonly PersonView[]>;
  /** undefined: there is none whom the user may see */
  patient(user: LaunchUser, id: string): Promise<PersonView | undefined>;
  encounters(user: LaunchUser, patient: string): Promise<SelectEncounterView['encounters']>;
  /** undefined: there is none whom the user may see */
  banner(user: LaunchUser, patient: string): Promise<ChartBanner | undefined>;
  create(launch: NewLaunch, now: number): Promise<string>;
  /** uses a handle up, as an app's authorization request does */
  spend(handle: string, clientId: string, now: number): Promise<void>;
}
