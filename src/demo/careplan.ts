/** Who cares for the patient, what is planned, and what it aims at. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-careplan.html */
import type { CarePlan, CareTeam, CareTeamParticipant, Goal, ServiceRequest } from '@medplum/fhirtypes';
import { ageAt, dateText, DAYS_A_MONTH, spokenDate, timeText } from './calendar.ts';
import { link, put } from './chart.ts';
import type { Chart } from './chart.ts';
import { CATEGORY, usCore } from './codes.ts';
import type { Code } from './codes.ts';
import { concept, conceptSaid, narrative, period, quantity } from './datatypes.ts';
import { recordedAt, screenedAt } from './conditions.ts';
import { encounterOf, subjectOf } from './encounters.ts';
import { isActive } from './life.ts';
import type { Course } from './life.ts';
import { nameOf } from './people.ts';
import { organization, practitioner, practitionerRole, practitionerRow } from './places.ts';
import type { PractitionerKey } from './tables/network.ts';
import type { GoalRow, ProblemKey } from './tables/problems.ts';
import type { Life } from './treatments.ts';
import { primaryOf } from './visits.ts';
import type { Visit } from './visits.ts';

/** Courses that are watched at the end of the record and have a visit to stand on. */
function watched(life: Life): readonly (readonly [Course, Visit])[] {
  return life.courses.flatMap((course) => {
    const visit = recordedAt(life, course);
    const current =
      isActive(course, life.last) && (course.row.course === 'chronic' || course.problem === 'pregnancy');
    return visit && current ? [[course, visit] as const] : [];
  });
}

export function writeCare(chart: Chart, life: Life): void {
  const last = life.visits.at(-1);
  if (!last) return;
  const courses = watched(life);
  writeTeam(chart, life);
  for (const [course, visit] of courses) {
    const goal = course.row.goal;
    if (goal) writeGoal(chart, life, course, visit, goal);
  }
  if (life.person.foodInsecure) writeFoodHelp(chart, life);
  writePlan(chart, life, courses);
}

const HEART: readonly ProblemKey[] = ['coronary', 'fibrillation', 'heartFailure'];
const CAREGIVER: Code = ['snomed', '133932002', 'Caregiver'];

function specialists(life: Life): readonly PractitionerKey[] {
  const has = (names: readonly ProblemKey[]): boolean =>
    life.courses.some(({ problem }) => names.includes(problem));
  return [
    ...(has(HEART) ? (['cardiologist'] as const) : []),
    ...(has(['pregnancy']) ? (['obstetrician'] as const) : []),
  ];
}

function writeTeam(chart: Chart, life: Life): void {
  const primary = primaryOf(life, life.last);
  const member = (key: PractitionerKey): CareTeamParticipant => ({
    role: [concept(['snomed', ...practitionerRow(key).role])],
    member: practitioner(chart.seed, key),
  });
  const participant: CareTeamParticipant[] = [
    { ...member(primary), onBehalfOf: organization(chart.seed, practitionerRow(primary).works) },
    ...specialists(life).map(member),
    // A nurse is named by the role at the clinic, not in person.
    {
      role: [concept(['snomed', ...practitionerRow('nurse').role])],
      member: practitionerRole(chart.seed, 'nurse'),
    },
    { role: [concept(['snomed', '116154003', 'Patient'])], member: subjectOf(chart, life) },
    ...(life.person.parent
      ? [
          {
            role: [concept(CAREGIVER)],
            member: link(chart, 'RelatedPerson', 'parent', nameOf(life.person.parent)),
          } as CareTeamParticipant,
        ]
      : []),
  ];
  const first = life.visits[0]!;
  put<CareTeam>(
    chart,
    'team',
    {
      resourceType: 'CareTeam',
      status: life.person.death === undefined ? 'active' : 'inactive',
      category: [concept(['loinc', 'LA28865-6', 'Longitudinal care-coordination focused care team'])],
      name: `Care team of ${nameOf(life.person)}`,
      subject: subjectOf(chart, life),
      period: {
        start: dateText(first.day),
        ...(life.person.death !== undefined && { end: dateText(life.person.death) }),
      },
      participant,
      managingOrganization: [organization(chart.seed, practitionerRow(primary).works)],
    },
    {
      profile: usCore('us-core-careteam'),
      text: narrative(
        `Care team of ${nameOf(life.person)}`,
        participant.map((one) => one.member?.display ?? '').join(', '),
      ),
    },
  );
}

const ACHIEVEMENT: Code = ['goalAchievement', 'in-progress', 'In Progress'];

function writeGoal(chart: Chart, life: Life, course: Course, visit: Visit, goal: GoalRow): void {
  put<Goal>(
    chart,
    course.key,
    {
      resourceType: 'Goal',
      lifecycleStatus: life.person.death === undefined ? 'active' : 'cancelled',
      achievementStatus: concept(ACHIEVEMENT),
      ...(course.problem === 'osteoarthritis' && {
        category: [concept(['goalCategory', 'physiotherapy', 'Physiotherapy'])],
      }),
      description: goal.measure ? conceptSaid(goal.text, ['loinc', ...goal.measure]) : conceptSaid(goal.text),
      subject: subjectOf(chart, life),
      startDate: dateText(visit.day),
      target: [
        {
          ...(goal.measure && { measure: concept(['loinc', ...goal.measure]) }),
          ...(goal.below && { detailRange: { high: quantity(...goal.below) } }),
          dueDate: dateText(life.last + Math.round(goal.months * DAYS_A_MONTH)),
        },
      ],
      expressedBy: practitioner(chart.seed, visit.by),
      addresses: [link(chart, 'Condition', course.key, course.row.snomed[1])],
    },
    { profile: usCore('us-core-goal'), text: narrative(goal.text) },
  );
}

/** A referral to the community organization that helps with food. */
function writeFoodHelp(chart: Chart, life: Life): void {
  const visit = screenedAt(life);
  if (!visit) return;
  put<ServiceRequest>(
    chart,
    'foodHelp',
    {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      category: [concept(CATEGORY.sdoh)],
      code: concept(['snomed', '467771000124109', 'Assistance with application for food pantry program']),
      subject: subjectOf(chart, life),
      encounter: encounterOf(chart, visit),
      occurrencePeriod: period(visit.start + 20),
      authoredOn: timeText(visit.start + 20),
      requester: practitioner(chart.seed, visit.by),
      performer: [organization(chart.seed, 'community')],
      reasonCode: [concept(['snomed', '733423003', 'Food insecurity'])],
      reasonReference: [link(chart, 'Condition', 'foodInsecurity', 'Food insecurity')],
    },
    {
      profile: usCore('us-core-servicerequest'),
      text: narrative('Referral to Lantern Community Services for help with the food pantry program'),
    },
  );
}

function writePlan(chart: Chart, life: Life, courses: readonly (readonly [Course, Visit])[]): void {
  const last = life.visits.at(-1)!;
  const child = ageAt(life.person.birth, life.last) < 18;
  const lines =
    courses.length > 0
      ? courses.map(([{ row }]) => `${row.snomed[1]}: ${row.plan}`)
      : [child ? 'Well child visits and vaccines on schedule.' : 'Healthy: check-ups and screening by age.'];
  const goals = courses.filter(([{ row }]) => row.goal !== undefined);
  put<CarePlan>(
    chart,
    'plan',
    {
      resourceType: 'CarePlan',
      status: life.person.death === undefined ? 'active' : 'completed',
      intent: 'plan',
      category: [concept(['usCoreCarePlan', 'assess-plan', 'Assessment and Plan of Treatment'])],
      title: `Plan of care for ${nameOf(life.person)}`,
      subject: subjectOf(chart, life),
      encounter: encounterOf(chart, last),
      period: { start: dateText(last.day) },
      created: timeText(last.start + 30),
      author: practitioner(chart.seed, last.by),
      careTeam: [link(chart, 'CareTeam', 'team')],
      ...(courses.length > 0 && {
        addresses: courses.map(([{ key, row }]) => link(chart, 'Condition', key, row.snomed[1])),
      }),
      ...(goals.length > 0 && {
        goal: goals.map(([{ key }]) => link(chart, 'Goal', key)),
      }),
      activity: [
        ...lines.map((description) => ({ detail: { status: 'in-progress' as const, description } })),
        ...(life.person.foodInsecure
          ? [
              { reference: link(chart, 'ServiceRequest', 'foodHelp') } as NonNullable<
                CarePlan['activity']
              >[number],
            ]
          : []),
      ],
    },
    {
      profile: usCore('us-core-careplan'),
      text: narrative(`Plan of care, ${spokenDate(last.day)}`, ...lines),
    },
  );
}
