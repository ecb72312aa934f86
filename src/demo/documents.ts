/** Notes written from the record, as DocumentReferences with their text inside, and who vouches for them. https://hl7.org/fhir/us/core/STU6.1/clinical-notes.html */
import type { Binary, DocumentReference, Provenance } from '@medplum/fhirtypes';
import { ageAt, dayAtAge, spokenAge, spokenDate, timeText } from './calendar.ts';
import { link, put } from './chart.ts';
import type { Chart } from './chart.ts';
import { NAMESPACES, usCore } from './codes.ts';
import type { Code } from './codes.ts';
import { base64, coding, concept, narrative, period } from './datatypes.ts';
import { encounterOf, reasonOf, subjectOf } from './encounters.ts';
import type { Dose } from './immunizations.ts';
import type { Draw } from './labs.ts';
import { isActive } from './life.ts';
import { nameOf } from './people.ts';
import { locationRow, organization, practitioner, practitionerRow, spokenPractitioner } from './places.ts';
import { spokenResult } from './results.ts';
import { ALLERGIES } from './tables/allergies.ts';
import { panel } from './tables/analytes.ts';
import { medicine } from './tables/medicines.ts';
import { procedure } from './tables/procedures.ts';
import { vaccine } from './tables/vaccines.ts';
import { isTaken } from './treatments.ts';
import type { Life } from './treatments.ts';
import { ordinal, spokenVitals } from './vitals.ts';
import type { Measures } from './measures.ts';
import { VISIT_KINDS } from './tables/visits.ts';
import type { VisitKind } from './tables/visits.ts';
import type { Visit } from './visits.ts';

/** What a note tells of. */
export interface VisitFacts {
  readonly visit: Visit;
  readonly measures: Measures;
  readonly draws: readonly Draw[];
  readonly doses: readonly Dose[];
}

const NOTE_TYPES: Readonly<Partial<Record<VisitKind, Code>>> = {
  inpatient: ['loinc', '18842-5', 'Discharge summary'],
  emergency: ['loinc', '34111-5', 'Emergency department Note'],
  outpatient: ['loinc', '28570-0', 'Procedure note'],
  physical: ['loinc', '34117-2', 'History and physical note'],
};
const PROGRESS: Code = ['loinc', '11506-3', 'Progress note'];

export const noteType = ({ kind }: Visit): Code => NOTE_TYPES[kind] ?? PROGRESS;

function section(title: string, lines: readonly string[]): string {
  const said = lines.filter((line) => line !== '');
  return said.length === 0 ? '' : `\n${title}\n${said.join('\n')}\n`;
}

/** Milestones that the doctor asks for at well child visits, by the age in months from which they hold. */
const MILESTONES: readonly (readonly [months: number, text: string])[] = [
  [0, 'Feeds well, wakes to eat, turns to a voice.'],
  [1.5, 'Smiles, follows faces, lifts the head when prone.'],
  [5, 'Rolls over, reaches for toys, babbles.'],
  [8, 'Sits without support, passes objects from hand to hand.'],
  [11, 'Pulls to stand, says mama or dada, waves.'],
  [17, 'Walks, feeds with a spoon, about ten words.'],
  [23, 'Runs, two-word phrases, points to body parts.'],
  [35, 'Rides a tricycle, speaks in sentences, plays with other children.'],
  [59, 'Ready for school: counts to ten, hops, dresses without help.'],
  [71, 'Doing well at school, reads at level, has friends.'],
  [131, 'Good grades, sports twice a week, screen time two hours a day.'],
];

function subjective(life: Life, visit: Visit): string[] {
  if (visit.kind === 'wellChild') {
    const months = ageAt(life.person.birth, visit.day) * 12;
    const milestone = MILESTONES.findLast(([from]) => months >= from)?.[1] ?? '';
    return [
      `Here with ${life.person.parent ? `${life.person.parent.relation} ${life.person.parent.given}` : 'a parent'}. No concerns since the last visit.`,
      milestone,
    ];
  }
  const stories = [...visit.found, ...visit.followed].map(({ row }) => row.complaint);
  if (visit.fatal) stories.push('Family at the bedside; comfort was the goal of the last day.');
  if (stories.length > 0) return stories;
  if (visit.kind === 'physical') return ['Feels well. No new concerns. Sleeps and eats well.'];
  return [`Here for ${reasonOf(visit)}. No complaints.`];
}

const NORMAL_EXAM = 'Heart and lungs normal. Abdomen soft. Skin clear.';

function appearance({ kind, fatal, found }: Visit): string {
  if (fatal) return 'Gravely ill.';
  return found.length > 0 && (kind === 'inpatient' || kind === 'emergency')
    ? 'Ill appearing.'
    : 'Well appearing.';
}

function objective({ visit, measures, draws }: VisitFacts, life: Life): string[] {
  const exam = [...visit.found, ...visit.followed].map(({ row }) => row.finding);
  const labs = draws.map(
    (draw) =>
      `${panel(draw.panel).label}: ${draw.values.map((result) => spokenResult(life, result)).join(', ')}`,
  );
  const child = measures.massPercentile ?? measures.lengthPercentile;
  return [
    spokenVitals(measures),
    ...(child === undefined
      ? []
      : [
          `Growth: ${child === measures.massPercentile ? 'BMI' : 'weight for length'} at the ${ordinal(child)} percentile, following the curve.`,
        ]),
    visit.kind === 'video'
      ? 'Seen by video; no examination.'
      : `${appearance(visit)} ${exam.join(' ') || NORMAL_EXAM}`,
    ...labs,
  ];
}

function assessment({ visit, doses }: VisitFacts): string[] {
  const problems = [...visit.found, ...visit.followed].map(
    ({ row }, index) => `${index + 1}. ${sentence(row.label)}: ${visit.fatal ? 'comfort care.' : row.plan}`,
  );
  const procedures = visit.procedures.map((key) => `Done today: ${procedure(key).label}.`);
  const given = doses.filter(({ refused }) => !refused).map((dose) => vaccine(dose.vaccine).label);
  const refused = doses.filter((dose) => dose.refused).map((dose) => vaccine(dose.vaccine).label);
  return [
    ...problems,
    ...procedures,
    given.length > 0 ? `Vaccines given: ${given.join(', ')}.` : '',
    refused.length > 0 ? `Declined after discussion: ${refused.join(', ')}.` : '',
    visit.fatal ? 'The patient died peacefully. The family and the primary care doctor were told.' : '',
    visit.kind === 'wellChild' || (visit.kind === 'physical' && problems.length === 0)
      ? 'Healthy. Next visit on schedule.'
      : '',
  ];
}

const withArticle = (text: string): string => `${/^(8|11-|18-)/.test(text) ? 'an' : 'a'} ${text}`;

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The note of a visit in plain text: who, why, what was found, what was decided. */
export function noteText(life: Life, facts: VisitFacts): string {
  const { visit } = facts;
  const { person } = life;
  const sex =
    ageAt(person.birth, visit.day) < 18
      ? person.sex === 'female'
        ? 'girl'
        : 'boy'
      : person.sex === 'female'
        ? 'woman'
        : 'man';
  const word = person.gender === 'other' ? 'person' : sex;
  const lasting = life.courses
    .filter((one) => one.row.course === 'chronic' && one.onset < visit.day && isActive(one, visit.day))
    .map(({ row }) => row.label);
  const history = lasting.length > 0 ? ` with a history of ${lasting.join(', ')}` : '';
  const taken = life.treatments
    .filter((one) => one.visit.day <= visit.day && isTaken(one, visit.day))
    .map((one) => `- ${medicine(one.medicine).short}: ${lowerFirst(medicine(one.medicine).sig)}`);
  const allergy = ALLERGIES.find(
    ({ key, age }) => key === person.allergy && dayAtAge(person.birth, age) <= visit.day,
  );
  return [
    `${noteType(visit)[2].toUpperCase()}\n${nameOf(person)} | born ${spokenDate(person.birth)} | ${spokenDate(visit.day)}\n${locationRow(visit.at).name}\n`,
    section('REASON', [`${sentence(reasonOf(visit))}.`]),
    section('HISTORY', [
      `${nameOf(person)} is ${withArticle(spokenAge(person.birth, visit.day))} ${word}${history}.`,
      ...subjective(life, visit),
    ]),
    section('ALLERGIES', [allergy ? sentence(allergy.label) : 'No known allergies']),
    section('MEDICATIONS', taken.length > 0 ? taken : ['None']),
    section('FINDINGS', objective(facts, life)),
    section('ASSESSMENT AND PLAN', assessment(facts)),
    `\nSigned by ${spokenPractitioner(visit.by)} (${practitionerRow(visit.by).taxonomy[1]})\n`,
  ].join('');
}

export function writeNote(chart: Chart, life: Life, facts: VisitFacts): void {
  const { visit } = facts;
  const text = noteText(life, facts);
  const type = noteType(visit);
  const signed = visit.fatal ? visit.end : visit.end + 25;
  const title = `${type[2]}, ${spokenDate(visit.day)}`;
  put<DocumentReference>(
    chart,
    visit.key,
    {
      resourceType: 'DocumentReference',
      identifier: [
        { system: NAMESPACES.document, value: `D${chart.seed}-${life.person.number}-${visit.key}` },
      ],
      status: 'current',
      type: concept(type),
      category: [concept(['usCoreDocument', 'clinical-note', 'Clinical Note'])],
      subject: subjectOf(chart, life),
      date: timeText(signed),
      author: [practitioner(chart.seed, visit.by)],
      custodian: organization(chart.seed, visit.organization),
      description: title,
      content: [
        {
          attachment: {
            contentType: 'text/plain',
            language: 'en-US',
            // A discharge summary is kept as a Binary, the shorter notes inside.
            ...(visit.kind === 'inpatient'
              ? { url: writeBinary(chart, life, visit, text) }
              : { data: base64(text) }),
            title,
            creation: timeText(signed),
          },
          format: coding(['formatCode', 'urn:ihe:iti:xds:2017:mimeTypeSufficient', 'mimeType Sufficient']),
        },
      ],
      context: { encounter: [encounterOf(chart, visit)], period: period(visit.start, visit.end) },
    },
    {
      profile: usCore('us-core-documentreference'),
      text: narrative(title, `${VISIT_KINDS[visit.kind].title}: ${reasonOf(visit)}`),
    },
  );
  writeProvenance(chart, visit, signed);
}

function writeBinary(chart: Chart, life: Life, visit: Visit, text: string): string {
  const binary = put<Binary>(chart, visit.key, {
    resourceType: 'Binary',
    contentType: 'text/plain',
    securityContext: subjectOf(chart, life),
    data: base64(text),
  });
  return `Binary/${binary.id}`;
}

/** Author and transmitter of what a visit left behind. */
function writeProvenance(chart: Chart, visit: Visit, recorded: number): void {
  const house = organization(chart.seed, visit.organization);
  put<Provenance>(
    chart,
    visit.key,
    {
      resourceType: 'Provenance',
      target: [link(chart, 'DocumentReference', visit.key), link(chart, 'Encounter', visit.key)],
      recorded: timeText(recorded),
      agent: [
        {
          type: concept(['provenanceAgent', 'author', 'Author']),
          who: practitioner(chart.seed, visit.by),
          onBehalfOf: house,
        },
        { type: concept(['usCoreParticipant', 'transmitter', 'Transmitter']), who: house },
      ],
    },
    { profile: usCore('us-core-provenance') },
  );
}
