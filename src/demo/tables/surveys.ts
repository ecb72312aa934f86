/** Questionnaires that are asked in the demo, with LOINC codes of questions and answers. https://loinc.org/44249-1, https://loinc.org/88121-9, https://loinc.org/96777-8 */

export type Answer = readonly [code: string, display: string, score: number];

export interface Question {
  readonly link: string;
  readonly loinc: string;
  readonly text: string;
  readonly answers: readonly Answer[];
}

const DAYS: readonly Answer[] = [
  ['LA6568-5', 'Not at all', 0],
  ['LA6569-3', 'Several days', 1],
  ['LA6570-1', 'More than half the days', 2],
  ['LA6571-9', 'Nearly every day', 3],
];

const asked = (loinc: string, text: string, answers: readonly Answer[]): Question => ({
  link: `/${loinc}`,
  loinc,
  text,
  answers,
});

export const PHQ9: readonly Question[] = [
  asked('44250-9', 'Little interest or pleasure in doing things', DAYS),
  asked('44255-8', 'Feeling down, depressed, or hopeless', DAYS),
  asked('44259-0', 'Trouble falling or staying asleep, or sleeping too much', DAYS),
  asked('44254-1', 'Feeling tired or having little energy', DAYS),
  asked('44251-7', 'Poor appetite or overeating', DAYS),
  asked(
    '44258-2',
    'Feeling bad about yourself - or that you are a failure or have let yourself or your family down',
    DAYS,
  ),
  asked(
    '44252-5',
    'Trouble concentrating on things, such as reading the newspaper or watching television',
    DAYS,
  ),
  asked(
    '44253-3',
    'Moving or speaking so slowly that other people could have noticed. Or the opposite',
    DAYS,
  ),
  asked('44260-8', 'Thoughts that you would be better off dead, or of hurting yourself in some way', DAYS),
];

const TRUTH: readonly Answer[] = [
  ['LA28398-8', 'Never true', 0],
  ['LA6729-3', 'Sometimes true', 1],
  ['LA28397-0', 'Often true', 2],
];

export const HUNGER: readonly Question[] = [
  asked(
    '88122-7',
    '(I/We) worried whether (my/our) food would run out before (I/we) got money to buy more.',
    TRUTH,
  ),
  asked(
    '88123-5',
    "The food that (I/we) bought just didn't last, and (I/we) didn't have money to get more.",
    TRUTH,
  ),
];

export const HUNGER_RISK: Question = asked('88124-3', 'Food insecurity risk', [
  ['LA19983-8', 'No risk', 0],
  ['LA19952-3', 'At risk', 1],
]);

export const HOUSING: Question = asked('71802-3', 'What is your living situation today?', [
  ['LA31993-1', 'I have a steady place to live', 0],
  ['LA31994-9', 'I have a place to live today, but I am worried about losing it in the future', 1],
]);

export const TRANSPORT: Question = asked(
  '93030-5',
  'In the past 12 months, has lack of transportation kept you from medical appointments, meetings, work, or from getting things needed for daily living?',
  [
    ['LA32-8', 'No', 0],
    ['LA33-6', 'Yes', 1],
  ],
);
