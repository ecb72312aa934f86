/** What each visit cost: the claim and how the payer settled it. https://hl7.org/fhir/R4/explanationofbenefit.html */
import type {
  Claim,
  ClaimItem,
  Coverage,
  ExplanationOfBenefit,
  ExplanationOfBenefitItem,
  Money,
  Reference,
} from '@medplum/fhirtypes';
import { at, dateText, spokenDate, timeText, workday } from './calendar.ts';
import type { Day } from './calendar.ts';
import { link, put } from './chart.ts';
import type { Chart } from './chart.ts';
import { NAMESPACES } from './codes.ts';
import { planOn, type Plan } from './coverages.ts';
import type { Code } from './codes.ts';
import { concept, conceptSaid, money, narrative, rounded } from './datatypes.ts';
import type { VisitFacts } from './documents.ts';
import { encounterOf, subjectOf } from './encounters.ts';
import { organization, organizationRow, practitioner } from './places.ts';
import { panel } from './tables/analytes.ts';
import { procedure } from './tables/procedures.ts';
import { vaccine } from './tables/vaccines.ts';
import type { Life } from './treatments.ts';
import { VISIT_KINDS } from './tables/visits.ts';
import type { VisitKind } from './tables/visits.ts';
import type { Visit } from './visits.ts';

interface Line {
  readonly code: Code;
  readonly label: string;
  readonly charge: number;
}

function linesOf({ visit, draws, doses }: VisitFacts): readonly Line[] {
  const kind = VISIT_KINDS[visit.kind];
  const nights = visit.kind === 'inpatient' ? Math.max(1, Math.round((visit.end - visit.start) / 1440)) : 1;
  const line = (cpt: string, label: string, charge: number): Line => ({
    code: ['cpt', cpt, label],
    label,
    charge,
  });
  return [
    line(kind.cpt, kind.title, kind.fee * nights),
    ...visit.procedures.map((key) => line(procedure(key).cpt, procedure(key).label, procedure(key).fee)),
    ...draws.map((draw) => line(panel(draw.panel).cpt, panel(draw.panel).label, panel(draw.panel).fee)),
    ...doses
      .filter(({ refused }) => !refused)
      .map((dose) => line(vaccine(dose.vaccine).cpt, `${vaccine(dose.vaccine).label} vaccine`, 68)),
  ];
}

const INSTITUTIONAL: readonly VisitKind[] = ['inpatient', 'emergency', 'outpatient'];

const typeOf = ({ kind }: Visit): Code =>
  INSTITUTIONAL.includes(kind)
    ? ['claimType', 'institutional', 'Institutional']
    : ['claimType', 'professional', 'Professional'];

/** Days from the visit to the claim, and on to the payer's decision. */
const BILLED = 3;
const SETTLED = 11;

/** Claims that are not due by the last day are not in the record yet. */
export function writeClaim(chart: Chart, life: Life, facts: VisitFacts): void {
  const billed = workday(Math.floor(facts.visit.end / 1440) + BILLED);
  const horizon = life.asOf - 1;
  if (billed > horizon) return;
  const lines = linesOf(facts);
  const plan = planOn(life, facts.visit.day);
  putClaim(chart, life, facts.visit, lines, plan, billed);
  const settled = workday(billed + SETTLED);
  if (settled <= horizon) putExplanation(chart, life, facts.visit, lines, plan, settled);
}

const sum = (lines: readonly Line[]): number => lines.reduce((total, { charge }) => total + charge, 0);

/** Diagnoses of a visit in the words of both claim and explanation. */
const diagnosesOf = (visit: Visit) =>
  [...visit.found, ...visit.followed].map((course, index) => ({
    sequence: index + 1,
    diagnosisCodeableConcept: concept(['icd10', ...course.row.icd10]),
    type: [
      concept(
        index === 0
          ? ['diagnosisType', 'principal', 'Principal Diagnosis']
          : ['diagnosisType', 'clinical', 'Clinical Diagnosis'],
      ),
    ],
  }));

const WELL: Code = [
  'icd10',
  'Z00.129',
  'Encounter for routine child health examination without abnormal findings',
];
const CHECK_UP: Code = [
  'icd10',
  'Z00.00',
  'Encounter for general adult medical examination without abnormal findings',
];

function diagnoses(visit: Visit) {
  const found = diagnosesOf(visit);
  if (found.length > 0) return found;
  const code = visit.kind === 'wellChild' ? WELL : CHECK_UP;
  return [
    {
      sequence: 1,
      diagnosisCodeableConcept: concept(code),
      type: [concept(['diagnosisType', 'principal', 'Principal Diagnosis'])],
    },
  ];
}

function itemOf(chart: Chart, visit: Visit, line: Line, index: number) {
  return {
    sequence: index + 1,
    careTeamSequence: [1],
    diagnosisSequence: [1],
    // The words of the code system are licensed, so the text is ours.
    productOrService: conceptSaid(line.label, line.code),
    servicedPeriod: { start: timeText(visit.start), end: timeText(visit.end) },
    locationCodeableConcept: conceptSaid(VISIT_KINDS[visit.kind].class[1]),
    quantity: { value: 1 },
    unitPrice: money(line.charge),
    net: money(line.charge),
    ...(index === 0 && { encounter: [encounterOf(chart, visit)] }),
  } satisfies ClaimItem;
}

const careTeamOf = (chart: Chart, visit: Visit) => [
  {
    sequence: 1,
    provider: practitioner(chart.seed, visit.by),
    role: concept(['claimRole', 'primary', 'Primary provider']),
  },
];

const billablePeriod = (visit: Visit) => ({ start: timeText(visit.start), end: timeText(visit.end) });

function insuranceOf(chart: Chart, plan: Plan): Reference<Coverage> {
  return link(chart, 'Coverage', plan.key, plan.plan[1]);
}

function putClaim(
  chart: Chart,
  life: Life,
  visit: Visit,
  lines: readonly Line[],
  plan: Plan,
  billed: Day,
): void {
  put<Claim>(
    chart,
    visit.key,
    {
      resourceType: 'Claim',
      identifier: [{ system: NAMESPACES.claim, value: `C${chart.seed}-${life.person.number}-${visit.key}` }],
      status: 'active',
      type: concept(typeOf(visit)),
      use: 'claim',
      patient: subjectOf(chart, life),
      billablePeriod: billablePeriod(visit),
      created: timeText(at(billed, 17)),
      insurer: organization(chart.seed, plan.payer),
      provider: organization(chart.seed, visit.organization),
      priority: concept(['priority', 'normal', 'Normal']),
      payee: { type: concept(['payeeType', 'provider', 'Provider']) },
      careTeam: careTeamOf(chart, visit),
      diagnosis: diagnoses(visit),
      insurance: [{ sequence: 1, focal: true, coverage: insuranceOf(chart, plan) }],
      item: lines.map((line, index) => itemOf(chart, visit, line, index)),
      total: money(sum(lines)),
    },
    {
      text: narrative(
        `Claim for ${VISIT_KINDS[visit.kind].title.toLowerCase()} of ${spokenDate(visit.day)}: $${sum(lines).toFixed(2)}`,
      ),
    },
  );
}

/** The payer allows less than is asked, and the patient bears a share of what is allowed. */
const ALLOWED = 0.68;

interface Settlement {
  readonly allowed: number;
  readonly patient: number;
  readonly paid: number;
}

function settle(charge: number, { coinsurance }: Plan): Settlement {
  const allowed = rounded(charge * ALLOWED, 2);
  const patient = rounded(allowed * coinsurance, 2);
  return { allowed, patient, paid: rounded(allowed - patient, 2) };
}

type Amount = { category: ReturnType<typeof concept>; amount: Money };

const amount = (code: string, display: string, value: number): Amount => ({
  category: concept(['adjudication', code, display]),
  amount: money(value),
});

const adjudicationOf = (charge: number, { allowed, patient, paid }: Settlement): Amount[] => [
  amount('submitted', 'Submitted Amount', charge),
  amount('eligible', 'Eligible Amount', allowed),
  amount('copay', 'CoPay', patient),
  amount('benefit', 'Benefit Amount', paid),
];

function putExplanation(
  chart: Chart,
  life: Life,
  visit: Visit,
  lines: readonly Line[],
  plan: Plan,
  settled: Day,
): void {
  const settlements = lines.map(({ charge }) => settle(charge, plan));
  const total = (pick: (one: Settlement) => number): number =>
    rounded(
      settlements.reduce((all, one) => all + pick(one), 0),
      2,
    );
  const whole: Settlement = {
    allowed: total((one) => one.allowed),
    patient: total((one) => one.patient),
    paid: total((one) => one.paid),
  };
  const items = lines.map((line, index): ExplanationOfBenefitItem => ({
    ...itemOf(chart, visit, line, index),
    adjudication: adjudicationOf(line.charge, settlements[index]!),
  }));
  put<ExplanationOfBenefit>(
    chart,
    visit.key,
    {
      resourceType: 'ExplanationOfBenefit',
      identifier: [{ system: NAMESPACES.claim, value: `E${chart.seed}-${life.person.number}-${visit.key}` }],
      status: 'active',
      type: concept(typeOf(visit)),
      use: 'claim',
      patient: subjectOf(chart, life),
      billablePeriod: billablePeriod(visit),
      created: timeText(at(settled, 10)),
      insurer: organization(chart.seed, plan.payer),
      provider: organization(chart.seed, visit.organization),
      claim: link(chart, 'Claim', visit.key),
      outcome: 'complete',
      disposition: 'Settled under the terms of the plan.',
      careTeam: careTeamOf(chart, visit),
      diagnosis: diagnoses(visit),
      insurance: [{ focal: true, coverage: insuranceOf(chart, plan) }],
      item: items,
      total: adjudicationOf(sum(lines), whole),
      payment: {
        type: conceptSaid('Complete', ['paymentType', 'complete', 'Complete']),
        date: dateText(settled),
        amount: money(whole.paid),
      },
    },
    {
      text: narrative(
        `${organizationRow(plan.payer).name} paid $${whole.paid.toFixed(2)} of $${sum(lines).toFixed(2)} for ${spokenDate(visit.day)}; the patient owes $${whole.patient.toFixed(2)}.`,
      ),
    },
  );
}
