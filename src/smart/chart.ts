/**
 * What the pickers need of the record: the patients and encounters that a user may see, asked through the same door and with the same access as
 * any request of that user. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#standalone-apps
 */
import type { PersonView, SelectEncounterView } from './pages.ts';

export type EncounterView = SelectEncounterView['encounters'][number];

export interface PatientSearch {
  /** name, or birth date as YYYY-MM-DD; all when absent */
  readonly text?: string;
  readonly count: number;
}

export interface Chart {
  patients(
    user: ChartUser,
    search: PatientSearch,
  ): Promise<{ readonly patients: readonly PersonView[]; readonly more: boolean }>;
  /** undefined: there is none, or the user may not see it */
  patient(user: ChartUser, id: string): Promise<PersonView | undefined>;
  /** newest first */
  encounters(user: ChartUser, patient: string, count: number): Promise<readonly EncounterView[]>;
  encounter(user: ChartUser, patient: string, id: string): Promise<EncounterView | undefined>;
}

export interface ChartUser {
  /** of the account, for the audit trail */
  readonly id?: string;
  readonly fhirUser?: string;
}
