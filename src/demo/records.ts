/**
 * Synthetic records for the demo: whole lives of invented people, shaped by US Core 6.1, as transaction Bundles that may be loaded twice.
 * https://hl7.org/fhir/R4/http.html#transaction
 */
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { dayOf } from './calendar.ts';
import type { Day } from './calendar.ts';
import { openChart } from './chart.ts';
import type { Chart } from './chart.ts';
import { writeCare } from './careplan.ts';
import { writeClaim } from './claims.ts';
import { withOwnClaims } from './claims-of-profiles.ts';
import { writeAllergies, writeConditions, writeFamilyHistory } from './conditions.ts';
import { writeCoverages } from './coverages.ts';
import { writeNote } from './documents.ts';
import type { VisitFacts } from './documents.ts';
import { writeEncounter } from './encounters.ts';
import { dosesOf, writeDose } from './immunizations.ts';
import { drawsOf } from './labs.ts';
import { backgroundOf } from './life.ts';
import { writeFormulary, writeTreatments } from './medications.ts';
import { writePatient } from './patients.ts';
import { DEMO_AS_OF } from './people.ts';
import { openNetwork, writeNetwork } from './places.ts';
import { writeEarlierProcedures, writeProcedures } from './procedures.ts';
import { writeDraw } from './results.ts';
import { idOf } from './rng.ts';
import { writeSocial } from './social.ts';
import { writeQuestionnaires, writeSurveys } from './surveys.ts';
import { treatmentsOf } from './treatments.ts';
import type { Life } from './treatments.ts';
import { measure } from './measures.ts';
import { writeVitals } from './vitals.ts';
import { visitsOf } from './visits.ts';

export { DEMO_AS_OF };

export type DemoBundle = Bundle;

export interface DemoOptions {
  readonly patients: number;
  /** Any whole number: the same one gives the same bytes. */
  readonly seed: number;
  /** The day on which the records end, YYYY-MM-DD. */
  readonly asOf?: string;
  /** `us-core` leaves the profiles that the records are shaped by, for a server that has them; else they claim ours, in `profiles/embergate.demo` */
  readonly claims?: 'own' | 'us-core';
}

/** Ids of the people who have accounts in the demo. They are there whenever there are two patients or more. */
export interface DemoIdentities {
  /** A Practitioner and the PractitionerRole. */
  readonly clinician: string;
  readonly clinicianRole: string;
  /** An adult Patient with a rich record. */
  readonly patient: string;
  /** A RelatedPerson: the mother of the child. */
  readonly parent: string;
  /** A Patient of seven years. */
  readonly child: string;
}

const PATIENT = 'patient';
const ADULT = 0;
const CHILD = 1;

export const demoIdentities = (seed: number): DemoIdentities => ({
  clinician: idOf(seed, 'network', 'Practitioner', 'clinician'),
  clinicianRole: idOf(seed, 'network', 'PractitionerRole', 'clinician'),
  patient: idOf(seed, PATIENT, ADULT, 'Patient', 'patient'),
  parent: idOf(seed, PATIENT, CHILD, 'RelatedPerson', 'parent'),
  child: idOf(seed, PATIENT, CHILD, 'Patient', 'patient'),
});

/**
 * Transaction Bundles: first the shared network, then one a patient with the patient's whole life. Entries are `PUT Type/id` with fixed ids, so the
 * order of the Bundles is all that a loader must keep. Throws a RangeError for an impossible number or date.
 */
export function* demoRecords(options: DemoOptions): Generator<DemoBundle> {
  const { patients, seed, asOf = DEMO_AS_OF, claims = 'own' } = options;
  if (!Number.isInteger(patients) || patients < 0)
    throw new RangeError(`patients is ${patients}: give a whole number from 0 up`);
  if (!Number.isInteger(seed)) throw new RangeError(`seed is ${seed}: give a whole number`);
  const day = dayOf(asOf);
  const bundle = (chart: Chart): DemoBundle => bundleOf(chart, claims);
  yield bundle(networkChart(seed));
  yield bundle(catalogChart(seed));
  for (let number = 0; number < patients; number++) yield bundle(patientChart(seed, number, day));
}

function networkChart(seed: number): Chart {
  const chart = openNetwork(seed);
  writeNetwork(chart);
  return chart;
}

/** What is looked up, not cared for: medicines and questionnaires. */
function catalogChart(seed: number): Chart {
  const chart = openNetwork(seed);
  writeFormulary(chart);
  writeQuestionnaires(chart);
  return chart;
}

/** The life at a place in the demo. */
export function lifeAt(seed: number, number: number, asOf: Day = dayOf(DEMO_AS_OF)): Life {
  const background = backgroundOf(seed, number, asOf);
  const visits = visitsOf(background);
  return { ...background, visits, treatments: treatmentsOf(background, visits) };
}

function patientChart(seed: number, number: number, asOf: Day): Chart {
  const chart = openChart(seed, PATIENT, number);
  const life = lifeAt(seed, number, asOf);
  writePatient(chart, life);
  writeCoverages(chart, life);
  writeFamilyHistory(chart, life);
  writeAllergies(chart, life);
  writeConditions(chart, life);
  writeEarlierProcedures(chart, life);
  writeVisits(chart, life);
  writeTreatments(chart, life);
  writeSocial(chart, life);
  writeSurveys(chart, life);
  writeCare(chart, life);
  return chart;
}

function writeVisits(chart: Chart, life: Life): void {
  const draws = drawsOf(life);
  const doses = dosesOf(life);
  for (const dose of doses.filter(({ visit }) => visit === undefined)) writeDose(chart, life, dose);
  for (const visit of life.visits) {
    const facts: VisitFacts = {
      visit,
      measures: measure(life, visit),
      draws: draws.filter((draw) => draw.visit === visit),
      doses: doses.filter((dose) => dose.visit === visit),
    };
    writeVisit(chart, life, facts);
  }
}

function writeVisit(chart: Chart, life: Life, facts: VisitFacts): void {
  const { visit, measures } = facts;
  writeEncounter(chart, life, visit);
  writeVitals(chart, life, visit, measures);
  for (const draw of facts.draws) writeDraw(chart, life, draw);
  for (const dose of facts.doses) writeDose(chart, life, dose);
  writeProcedures(chart, life, visit, measures);
  writeNote(chart, life, facts);
  writeClaim(chart, life, facts);
}

const bundleOf = ({ resources }: Chart, claims: DemoOptions['claims']): DemoBundle => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: resources.map((resource: Resource) => ({
    fullUrl: `urn:uuid:${resource.id}`,
    resource: claims === 'us-core' ? resource : withOwnClaims(resource),
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  })),
});
