/** Questionnaires, the answers given, and the screening Observations made from them. https://hl7.org/fhir/us/core/STU6.1/screening-and-assessments.html */
import type {
  Observation,
  Questionnaire,
  QuestionnaireItem,
  QuestionnaireResponse,
  QuestionnaireResponseItem,
} from '@medplum/fhirtypes';
import { ageAt, timeText } from './calendar.ts';
import { link, put } from './chart.ts';
import type { Chart } from './chart.ts';
import { ABSENT, CATEGORY, EXTENSIONS, NAMESPACES, usCore } from './codes.ts';
import type { Code } from './codes.ts';
import { coding, concept, conceptSaid, narrative, quantity, referenceTo } from './datatypes.ts';
import { screenedAt } from './conditions.ts';
import { subjectOf, whenSeen } from './encounters.ts';
import { chanceOf } from './life.ts';
import { practitioner } from './places.ts';
import { HOUSING, HUNGER, HUNGER_RISK, PHQ9, TRANSPORT } from './tables/surveys.ts';
import type { Answer, Question } from './tables/surveys.ts';
import type { Life } from './treatments.ts';
import type { Visit } from './visits.ts';

type SurveyKey = 'phq9' | 'hunger' | 'needs';

interface Survey {
  readonly title: string;
  readonly code: Code;
  readonly items: QuestionnaireItem[];
}

const choice = ({ link: linkId, loinc, text, answers }: Question): QuestionnaireItem => ({
  linkId,
  code: [coding(['loinc', loinc, text])],
  text,
  type: 'choice',
  answerOption: answers.map(([code, display]) => ({ valueCoding: coding(['loinc', code, display]) })),
});

const TOTAL = { link: '/44261-6', text: 'Total score' } as const;
const COMMENT = { link: '/comment', text: 'Anything else you would like us to know' } as const;
const WORRY = { link: '/71802-3/worry', text: 'What worries you about your housing' } as const;

const SURVEYS: Readonly<Record<SurveyKey, Survey>> = {
  phq9: {
    title: 'Patient Health Questionnaire 9 item',
    code: ['loinc', '44249-1', 'PHQ-9 quick depression assessment panel [Reported.PHQ]'],
    items: [...PHQ9.map(choice), { linkId: TOTAL.link, text: TOTAL.text, type: 'decimal' }],
  },
  hunger: {
    title: 'Hunger Vital Sign',
    code: ['loinc', '88121-9', 'Hunger Vital Sign [HVS]'],
    items: [...HUNGER.map(choice), choice(HUNGER_RISK)],
  },
  needs: {
    title: 'Health-related social needs',
    code: [
      'loinc',
      '96777-8',
      'Accountable health communities (AHC) health-related social needs (HRSN) supplemental questions',
    ],
    items: [
      { ...choice(HOUSING), item: [{ linkId: WORRY.link, text: WORRY.text, type: 'string' }] },
      { linkId: '/around', text: 'Getting around', type: 'group', item: [choice(TRANSPORT)] },
      { linkId: COMMENT.link, text: COMMENT.text, type: 'string' },
    ],
  },
};

const canonicalOf = (key: SurveyKey): string => `${NAMESPACES.questionnaire}/${key}`;

export function writeQuestionnaires(chart: Chart): void {
  for (const [key, { title, code, items }] of Object.entries(SURVEYS)) {
    put<Questionnaire>(
      chart,
      key,
      {
        resourceType: 'Questionnaire',
        url: canonicalOf(key as SurveyKey),
        version: '1.0.0',
        name: key.toUpperCase(),
        title,
        status: 'active',
        subjectType: ['Patient'],
        date: '2024-01-15',
        publisher: 'Alder Valley Medical Center',
        code: [coding(code)],
        item: items,
      },
      { text: narrative(title) },
    );
  }
}

/** What was answered to each question of a survey. */
type Answered = readonly (readonly [Question, Answer])[];

const answerItem = ([question, [code, display]]: readonly [Question, Answer]): QuestionnaireResponseItem => ({
  linkId: question.link,
  text: question.text,
  answer: [{ valueCoding: coding(['loinc', code, display]) }],
});

export function writeSurveys(chart: Chart, life: Life): void {
  const visit = screenedAt(life);
  if (!visit) return;
  writeHunger(chart, life, visit);
  if (ageAt(life.person.birth, visit.day) < 18) return;
  writeNeeds(chart, life, visit);
  writeMoods(chart, life);
}

function writeResponse({ chart, life, visit, survey }: Sitting, item: QuestionnaireResponseItem[]): void {
  const author = survey === 'phq9' ? practitioner(chart.seed, visit.by) : subjectOf(chart, life);
  const response = {
    resourceType: 'QuestionnaireResponse',
    identifier: {
      system: NAMESPACES.survey,
      value: `Q${chart.seed}-${life.person.number}-${survey}-${visit.key}`,
    },
    questionnaire: canonicalOf(survey),
    // Extensions of a primitive stand beside it. https://hl7.org/fhir/R4/json.html#primitive
    _questionnaire: {
      extension: [
        { url: EXTENSIONS.display, valueString: SURVEYS[survey].title },
        { url: EXTENSIONS.questionnaireUri, valueUri: `https://forms.embergate.example.org/${survey}` },
      ],
    },
    status: 'completed',
    subject: subjectOf(chart, life),
    encounter: whenSeen(chart, life, visit, 4).encounter,
    authored: timeText(visit.start + 4),
    author,
    source: subjectOf(chart, life),
    item,
  } satisfies QuestionnaireResponse & { _questionnaire: unknown };
  put<QuestionnaireResponse>(chart, `${survey}-${visit.key}`, response, {
    profile: usCore('us-core-questionnaireresponse'),
    text: narrative(`${SURVEYS[survey].title}, answered by ${life.person.given}`),
  });
}

type Value = Pick<
  Observation,
  'valueQuantity' | 'valueCodeableConcept' | 'valueString' | 'dataAbsentReason' | 'hasMember'
>;

/** One survey that was asked at one visit. */
interface Sitting {
  readonly chart: Chart;
  readonly life: Life;
  readonly visit: Visit;
  readonly survey: SurveyKey;
}

/** An Observation of the survey, made from the response and perhaps from other answers. */
function writeScreening(
  sitting: Sitting,
  name: string,
  code: Code,
  value: Value,
  from: readonly Observation[] = [],
): Observation {
  const { chart, life, visit, survey } = sitting;
  const area = survey === 'phq9' ? CATEGORY.disability : CATEGORY.sdoh;
  return put<Observation>(
    chart,
    `${survey}-${name}-${visit.key}`,
    {
      resourceType: 'Observation',
      status: 'final',
      category: [concept(CATEGORY.survey), concept(area)],
      code: concept(code),
      ...whenSeen(chart, life, visit, 6),
      performer: [practitioner(chart.seed, visit.by), subjectOf(chart, life)],
      ...value,
      derivedFrom: [
        link(chart, 'QuestionnaireResponse', `${survey}-${visit.key}`),
        ...from.map((one) => referenceTo(one)),
      ],
    },
    { profile: usCore('us-core-observation-screening-assessment') },
  );
}

/** One Observation an answer. */
const writeAnswers = (
  sitting: Sitting,
  answered: Answered,
  from: readonly Observation[] = [],
): Observation[] =>
  answered.map(([{ loinc, text }, [code, display]]) =>
    writeScreening(
      sitting,
      loinc,
      ['loinc', loinc, text],
      { valueCodeableConcept: concept(['loinc', code, display]) },
      from,
    ),
  );

/** The panel that holds the Observations of a survey together. */
const writePanel = (sitting: Sitting, members: readonly Observation[]): Observation =>
  writeScreening(sitting, 'panel', SURVEYS[sitting.survey].code, {
    hasMember: members.map((one) => referenceTo(one)),
  });

function writeHunger(chart: Chart, life: Life, visit: Visit): void {
  const sitting: Sitting = { chart, life, visit, survey: 'hunger' };
  const rng = chanceOf(life, 'hunger');
  const pick = (answers: readonly Answer[]): Answer => answers[life.person.foodInsecure ? rng.int(1, 2) : 0]!;
  const answers = HUNGER.map((question) => [question, pick(question.answers)] as const);
  const atRisk = answers.some(([, [, , score]]) => score > 0);
  const risk: Answered = [[HUNGER_RISK, HUNGER_RISK.answers[atRisk ? 1 : 0]!]];
  writeResponse(sitting, [...answers, ...risk].map(answerItem));
  const observed = writeAnswers(sitting, answers);
  writePanel(sitting, [...observed, ...writeAnswers(sitting, risk, observed)]);
}

const LANGUAGE: Code = ['loinc', '54899-0', 'Preferred language'];
const INCOME: Code = [
  'loinc',
  '63586-2',
  'What was your best estimate of the total income of all family members from all sources, before taxes, in last year?',
];

function writeNeeds(chart: Chart, life: Life, visit: Visit): void {
  const sitting: Sitting = { chart, life, visit, survey: 'needs' };
  const poor = life.person.foodInsecure;
  const stranded = poor && chanceOf(life, 'needs').chance(0.5);
  const all: Answered = [
    [HOUSING, HOUSING.answers[poor ? 1 : 0]!],
    [TRANSPORT, TRANSPORT.answers[stranded ? 1 : 0]!],
  ];
  const [home, moving] = all.map(answerItem);
  const worry = {
    linkId: WORRY.link,
    text: WORRY.text,
    answer: [{ valueString: 'The rent went up again this fall.' }],
  };
  if (poor) home!.answer![0]!.item = [worry];
  const comment = poor ? 'I would like help with the food pantry form.' : 'No, thank you.';
  writeResponse(sitting, [
    home!,
    { linkId: '/around', text: 'Getting around', item: [moving!] },
    { linkId: COMMENT.link, text: COMMENT.text, answer: [{ valueString: comment }] },
  ]);
  const language = writeScreening(sitting, 'language', LANGUAGE, { valueString: life.person.language[1] });
  const income = writeScreening(sitting, 'income', INCOME, incomeOf(life));
  writePanel(sitting, [...writeAnswers(sitting, all), language, income]);
}

function incomeOf(life: Life): Value {
  const rng = chanceOf(life, 'income');
  if (rng.chance(0.15)) return { dataAbsentReason: concept(ABSENT.declined) };
  const thousands = life.person.foodInsecure ? rng.int(14, 32) : rng.int(38, 160);
  return { valueQuantity: quantity(thousands * 1000, 'USD/a', '{USD}/a') };
}

/** The PHQ-9 is asked at visits for depression, where it falls under treatment, and of all others once. */
function writeMoods(chart: Chart, life: Life): void {
  const concerned = life.visits.filter(
    (visit) =>
      visit.kind !== 'video' &&
      [...visit.found, ...visit.followed].some(({ problem }) => problem === 'depression'),
  );
  const last = screenedAt(life);
  const asked = concerned.length > 0 ? spread(concerned, 4) : last ? [last] : [];
  for (const visit of asked) writeMood({ chart, life, visit, survey: 'phq9' });
}

/** At most so many of a list, the first and the last among them. */
function spread<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length <= most) return list;
  return Array.from(
    { length: most },
    (_, index) => list[Math.round((index * (list.length - 1)) / (most - 1))]!,
  );
}

/** Answers follow a burden between 0 and 3, which treatment brings down over some months. */
function moodAnswers(life: Life, visit: Visit): Answered {
  const rng = chanceOf(life, 'mood', visit.day);
  const course = life.courses.find(({ problem, onset }) => problem === 'depression' && onset <= visit.day);
  const treated = life.treatments.find((one) => one.course === course);
  const relief = treated && treated.start < visit.day ? 1 - Math.exp(-(visit.day - treated.start) / 120) : 0;
  const burden = course ? 1.9 - 1.5 * relief : 0.2;
  return PHQ9.map((question, index) => {
    const level = index === SELF_HARM ? 0 : Math.max(0, Math.min(3, Math.round(rng.normal(burden, 0.45))));
    return [question, question.answers[level]!] as const;
  });
}

/** The last question is about self-harm, which no one in the demo thinks of. */
const SELF_HARM = PHQ9.length - 1;

const SCORE: Code = [
  'loinc',
  '44261-6',
  'Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]',
];

function writeMood(sitting: Sitting): void {
  const answers = moodAnswers(sitting.life, sitting.visit);
  const total = answers.reduce((sum, [, [, , score]]) => sum + score, 0);
  const sum = { linkId: TOTAL.link, text: TOTAL.text, answer: [{ valueDecimal: total }] };
  writeResponse(sitting, [...answers.map(answerItem), sum]);
  const observed = writeAnswers(sitting, answers);
  const score = writeScreening(
    sitting,
    'score',
    SCORE,
    { valueQuantity: quantity(total, '{score}') },
    observed,
  );
  writeSeverity(sitting, total, writePanel(sitting, [...observed, score]));
}

const SEVERITIES: readonly (readonly [from: number, code: string, display: string])[] = [
  [0, 'LA6626-1', 'None to minimal'],
  [5, 'LA6751-7', 'Mild to moderate'],
  [15, 'LA6752-5', 'Severe'],
];

function writeSeverity({ chart, life, visit }: Sitting, total: number, panel: Observation): void {
  const [, code, display] = SEVERITIES.findLast(([from]) => total >= from)!;
  put<Observation>(
    chart,
    `severity-${visit.key}`,
    {
      resourceType: 'Observation',
      status: 'final',
      category: [concept(CATEGORY.disability)],
      code: concept(['loinc', '94023-9', 'Depression severity']),
      ...whenSeen(chart, life, visit, 10),
      valueCodeableConcept: conceptSaid(display, ['loinc', code, display]),
      derivedFrom: [referenceTo(panel)],
    },
    { profile: usCore('us-core-simple-observation') },
  );
}
