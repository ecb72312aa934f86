/** Prescriptions and what the pharmacy handed over. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-medicationrequest.html */
import type { Dosage, Medication, MedicationDispense, MedicationRequest } from '@medplum/fhirtypes';
import { at, dateText, spokenDate, timeText } from './calendar.ts';
import type { Day } from './calendar.ts';
import { link, put } from './chart.ts';
import type { Chart } from './chart.ts';
import { NAMESPACES, usCore } from './codes.ts';
import type { Code } from './codes.ts';
import { concept, conceptSaid, narrative, quantity } from './datatypes.ts';
import { encounterOf, subjectOf } from './encounters.ts';
import { chanceOf } from './life.ts';
import { openNetwork, organization, practitioner } from './places.ts';
import { medicine, medicineKeys } from './tables/medicines.ts';
import type { Medicine, MedicineKey } from './tables/medicines.ts';
import type { Life, Treatment } from './treatments.ts';
import type { Visit } from './visits.ts';

const ROUTES: Readonly<Record<Medicine['route'], Code>> = {
  oral: ['snomed', '26643006', 'Oral route'],
  inhaled: ['snomed', '447694001', 'Respiratory tract route'],
  topical: ['snomed', '6064005', 'Topical route'],
  subcutaneous: ['snomed', '34206005', 'Subcutaneous route'],
  intramuscular: ['snomed', '78421000', 'Intramuscular route'],
};

const codeOf = (row: Medicine) => conceptSaid(row.short, ['rxnorm', row.rxnorm, row.name]);

/** The Medication resources that prescriptions point to. */
export function writeFormulary(chart: Chart): void {
  for (const key of medicineKeys.filter((one) => medicine(one).stocked)) {
    const row = medicine(key);
    put<Medication>(
      chart,
      key,
      { resourceType: 'Medication', code: codeOf(row), status: 'active', form: conceptSaid(row.dose[1]) },
      { profile: usCore('us-core-medication'), text: narrative(row.name) },
    );
  }
}

type Medicated = Pick<MedicationRequest, 'medicationCodeableConcept' | 'medicationReference'>;

function medicationOf(chart: Chart, key: MedicineKey): Medicated {
  const row = medicine(key);
  return row.stocked
    ? { medicationReference: link(openNetwork(chart.seed), 'Medication', key, row.name) }
    : { medicationCodeableConcept: codeOf(row) };
}

function dosageOf(row: Medicine, from: Day): Dosage {
  const repeat =
    row.everyDays === undefined
      ? { frequency: row.daily ?? 1, period: 1 }
      : { frequency: 1, period: row.everyDays };
  return {
    text: row.sig,
    timing: { repeat: { boundsPeriod: { start: dateText(from) }, ...repeat, periodUnit: 'd' } },
    ...(row.asNeeded !== undefined && { asNeededCodeableConcept: conceptSaid(row.asNeeded) }),
    route: concept(ROUTES[row.route]),
    doseAndRate: [{ doseQuantity: quantity(...row.dose) }],
  };
}

const stateOf = ({ stop, replaced }: Treatment): MedicationRequest['status'] => {
  if (stop === undefined) return 'active';
  return replaced ? 'stopped' : 'completed';
};

const SETTINGS: Readonly<Partial<Record<Visit['kind'], Code>>> = {
  inpatient: ['medicationCategory', 'discharge', 'Discharge'],
  emergency: ['medicationCategory', 'outpatient', 'Outpatient'],
};
const COMMUNITY: Code = ['medicationCategory', 'community', 'Community'];

export function writeTreatments(chart: Chart, life: Life): void {
  for (const treatment of life.treatments) {
    const row = medicine(treatment.medicine);
    writeRequest(chart, life, treatment, row);
    if (!row.overTheCounter) writeDispenses(chart, life, treatment, row);
  }
}

/** A medicine that was begun before the first visit is reported: by the doctor who began it, or by the patient if it needs no prescription. */
function reporting(
  chart: Chart,
  life: Life,
  treatment: Treatment,
  row: Medicine,
): Partial<MedicationRequest> {
  if (row.overTheCounter) return { reportedReference: subjectOf(chart, life) };
  if (treatment.start < treatment.visit.day - 60)
    return { reportedReference: practitioner(chart.seed, treatment.visit.by) };
  return { reportedBoolean: false };
}

function writeRequest(chart: Chart, life: Life, treatment: Treatment, row: Medicine): void {
  const { visit, course } = treatment;
  const [amount, unit, code, days] = row.supply;
  put<MedicationRequest>(
    chart,
    treatment.key,
    {
      resourceType: 'MedicationRequest',
      identifier: [
        { system: NAMESPACES.prescription, value: `R${chart.seed}-${life.person.number}-${treatment.key}` },
      ],
      status: stateOf(treatment),
      ...(treatment.replaced && { statusReason: conceptSaid('Dose changed') }),
      intent: row.overTheCounter ? 'plan' : 'order',
      category: [concept(SETTINGS[visit.kind] ?? COMMUNITY)],
      ...reporting(chart, life, treatment, row),
      ...medicationOf(chart, treatment.medicine),
      subject: subjectOf(chart, life),
      encounter: encounterOf(chart, visit),
      authoredOn: timeText(visit.start + 16),
      requester: practitioner(chart.seed, visit.by),
      reasonCode: [concept(['snomed', ...course.row.snomed])],
      reasonReference: [link(chart, 'Condition', course.key, course.row.snomed[1])],
      dosageInstruction: [dosageOf(row, treatment.start)],
      dispenseRequest: {
        numberOfRepeatsAllowed: row.refills,
        quantity: quantity(amount, unit, code),
        expectedSupplyDuration: quantity(days, 'days', 'd'),
      },
    },
    {
      profile: usCore('us-core-medicationrequest'),
      text: narrative(
        `${row.name}: ${row.sig}.`,
        `For ${course.row.label}, ordered ${spokenDate(visit.day)}.`,
      ),
    },
  );
}

/** Fills: the first one, and those of the last year of the treatment, a few days late as people are. */
function fillDays(life: Life, treatment: Treatment, row: Medicine): Day[] {
  const rng = chanceOf(life, 'fills', treatment.key);
  const days = row.supply[3];
  const end = Math.min(treatment.stop ?? life.last, life.last);
  const first = treatment.visit.day;
  const fills: Day[] = [];
  let day = first;
  for (let fill = 0; day <= end && fill < 60; fill++) {
    if (day === first || day > end - 360) fills.push(day);
    day += (row.asNeeded === undefined ? days : Math.max(days, 150)) + rng.int(0, 6);
  }
  return row.refills === 0 ? fills.slice(0, 1) : fills;
}

function writeDispenses(chart: Chart, life: Life, treatment: Treatment, row: Medicine): void {
  const [amount, unit, code, days] = row.supply;
  fillDays(life, treatment, row).forEach((day, index) => {
    const handed = day === treatment.visit.day ? treatment.visit.end + 75 : at(day, 15, 30);
    if (handed > at(life.last, 22)) return;
    const kind: Code =
      index === 0 ? ['actCode', 'FFC', 'First Fill - Complete'] : ['actCode', 'RFC', 'Refill - Complete'];
    put<MedicationDispense>(
      chart,
      `${treatment.key}-${index}`,
      {
        resourceType: 'MedicationDispense',
        status: 'completed',
        ...medicationOf(chart, treatment.medicine),
        subject: subjectOf(chart, life),
        performer: [
          { actor: practitioner(chart.seed, 'pharmacist') },
          { actor: organization(chart.seed, 'pharmacy') },
        ],
        authorizingPrescription: [link(chart, 'MedicationRequest', treatment.key)],
        type: concept(kind),
        quantity: quantity(amount, unit, code),
        daysSupply: quantity(days, 'days', 'd'),
        whenPrepared: timeText(handed - 20),
        whenHandedOver: timeText(handed),
        dosageInstruction: [dosageOf(row, treatment.start)],
      },
      { profile: usCore('us-core-medicationdispense') },
    );
  });
}
