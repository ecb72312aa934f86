/** Who insures a patient, over a whole life. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-coverage.html */
import type { Coverage, RelatedPerson } from '@medplum/fhirtypes';
import { dateText, dayAtAge, DAYS_A_YEAR } from './calendar.ts';
import type { Day } from './calendar.ts';
import { link, put } from './chart.ts';
import type { Chart } from './chart.ts';
import { NAMESPACES, usCore } from './codes.ts';
import type { Code } from './codes.ts';
import { concept, narrative } from './datatypes.ts';
import { subjectOf } from './encounters.ts';
import { chanceOf } from './life.ts';
import { organization, organizationRow } from './places.ts';
import type { OrganizationKey } from './tables/network.ts';
import type { Life } from './treatments.ts';

/** One insurance over a stretch of life. */
export interface Plan {
  readonly key: 'commercial' | 'medicare' | 'medicaid';
  readonly payer: OrganizationKey;
  readonly from: Day;
  readonly until?: Day;
  /** Source of payment typology. */
  readonly type: readonly [code: string, display: string];
  readonly group: readonly [value: string, name: string];
  readonly plan: readonly [value: string, name: string];
  /** Share of the allowed amount that the patient pays. */
  readonly coinsurance: number;
}

const SENIOR = 65;

const COMMERCIAL = {
  key: 'commercial',
  payer: 'commercial',
  type: ['512', 'Commercial Managed Care - PPO'],
  group: ['NW-4410', 'Hollow Creek Employers'],
  plan: ['NW-SILVER', 'Northwood Silver PPO'],
  coinsurance: 0.2,
} as const;
const MEDICAID = {
  key: 'medicaid',
  payer: 'medicaid',
  type: ['2', 'MEDICAID'],
  group: ['CH-01', 'Commonwealth Family'],
  plan: ['CH-STANDARD', 'Commonwealth Standard'],
  coinsurance: 0,
} as const;
const MEDICARE = {
  key: 'medicare',
  payer: 'medicare',
  type: ['1', 'MEDICARE'],
  group: ['FSH-AB', 'Parts A and B'],
  plan: ['FSH-ORIGINAL', 'Original plan'],
  coinsurance: 0.2,
} as const;

/** Those short of food have the public plan; at 65 all change over to the senior one. */
function plansOf(life: Life): readonly Plan[] {
  const senior = dayAtAge(life.person.birth, SENIOR);
  const earlier = life.person.foodInsecure || chanceOf(life, 'plan').chance(0.2) ? MEDICAID : COMMERCIAL;
  const from = Math.max(life.person.birth, life.since - Math.round(DAYS_A_YEAR));
  if (life.last < senior) return [{ ...earlier, from }];
  if (from >= senior) return [{ ...MEDICARE, from: senior }];
  return [
    { ...earlier, from, until: senior - 1 },
    { ...MEDICARE, from: senior },
  ];
}

/** The plan that pays on a day. */
export const planOn = (life: Life, day: Day): Plan =>
  plansOf(life).findLast((plan) => plan.from <= day) ?? plansOf(life)[0]!;

const MEMBER: Code = ['identifierType', 'MB', 'Member Number'];

export function writeCoverages(chart: Chart, life: Life): void {
  for (const plan of plansOf(life)) writeCoverage(chart, life, plan);
}

function writeCoverage(chart: Chart, life: Life, plan: Plan): void {
  const child = life.person.parent !== undefined;
  const member = `M${String(chanceOf(life, 'member', plan.key).int(10_000_000, 99_999_999))}`;
  const holder = child ? link<RelatedPerson>(chart, 'RelatedPerson', 'parent') : subjectOf(chart, life);
  const part = (code: 'group' | 'plan', display: string, [value, name]: readonly [string, string]) => ({
    type: concept(['coverageClass', code, display]),
    value,
    name,
  });
  put<Coverage>(
    chart,
    plan.key,
    {
      resourceType: 'Coverage',
      identifier: [
        { type: concept(MEMBER), system: NAMESPACES.member, value: child ? `${member}-02` : member },
      ],
      status: plan.until === undefined ? 'active' : 'cancelled',
      type: concept(['sopt', ...plan.type]),
      policyHolder: holder,
      subscriber: holder,
      subscriberId: member,
      beneficiary: subjectOf(chart, life),
      relationship: concept(child ? ['subscriber', 'child', 'Child'] : ['subscriber', 'self', 'Self']),
      period: { start: dateText(plan.from), ...(plan.until !== undefined && { end: dateText(plan.until) }) },
      payor: [organization(chart.seed, plan.payer)],
      class: [part('group', 'Group', plan.group), part('plan', 'Plan', plan.plan)],
    },
    {
      profile: usCore('us-core-coverage'),
      text: narrative(`${plan.plan[1]}, ${organizationRow(plan.payer).name}, member ${member}`),
    },
  );
}
