/** The first patients of each demo are cast: between them they show what a record can hold, and the named accounts are theirs. */
import type { ProblemKey } from './problems.ts';

export interface Role {
  readonly given: string;
  readonly family: string;
  readonly heritage: string;
  readonly gender: 'female' | 'male' | 'other';
  readonly sex: 'female' | 'male';
  /** Age in years at the demo's date (at death for the dead). */
  readonly age: number;
  /** Problems and the ages at which they begin. */
  readonly problems: readonly (readonly [ProblemKey, number])[];
  readonly smoking: 'never' | 'former' | 'daily' | 'some';
  /** Years before the demo's date at which the person died. */
  readonly died?: number;
  /** An earlier family name, given up at this age. */
  readonly formerly?: readonly [family: string, untilAge: number];
  readonly foodInsecure?: boolean;
  readonly allergy?: string;
  readonly language?: readonly [tag: string, display: string];
  readonly tribe?: readonly [code: string, display: string];
  readonly suffix?: string;
  /** Parent who has proxy access. */
  readonly parent?: readonly [given: string, relation: 'mother' | 'father'];
}

export const CAST: readonly Role[] = [
  {
    given: 'Daniel',
    family: 'Okafor',
    heritage: 'african-american',
    gender: 'male',
    sex: 'male',
    age: 58.4,
    suffix: 'Jr.',
    smoking: 'former',
    foodInsecure: true,
    allergy: 'penicillin',
    problems: [
      ['hypertension', 44.2],
      ['hyperlipidemia', 46.1],
      ['obesity', 41],
      ['diabetes', 51.3],
      ['osteoarthritis', 50.2],
      ['kidney', 56.2],
      ['depression', 53.8],
      ['reflux', 50.4],
    ],
  },
  {
    given: 'Maya',
    family: 'Chen',
    heritage: 'chinese-american',
    gender: 'female',
    sex: 'female',
    age: 7.45,
    smoking: 'never',
    allergy: 'peanut',
    parent: ['Lin', 'mother'],
    problems: [
      ['eczema', 0.6],
      ['otitis', 1.3],
      ['asthma', 3.9],
      ['asthmaAttack', 5.6],
      ['strepThroat', 6.5],
    ],
  },
  {
    given: 'Ruth',
    family: 'Abernathy',
    heritage: 'european',
    gender: 'female',
    sex: 'female',
    age: 84.6,
    died: 0.7,
    smoking: 'former',
    allergy: 'sulfonamide',
    problems: [
      ['hypertension', 58],
      ['fibrillation', 77.5],
      ['heartFailure', 79.8],
      ['osteoporosis', 71],
      ['cataract', 76.8],
      ['failureAttack', 82.4],
      ['pneumonia', 84.59],
    ],
  },
  {
    given: 'Sofia',
    family: 'Ramirez',
    heritage: 'mexican-american',
    gender: 'female',
    sex: 'female',
    age: 31.2,
    smoking: 'never',
    formerly: ['Delgado', 26.5],
    language: ['es', 'Spanish'],
    allergy: 'latex',
    problems: [
      ['pregnancy', 28.1],
      ['pregnancy', 30.75],
      ['migraine', 22],
      ['anemia', 27.2],
      ['cystitis', 29.6],
    ],
  },
  {
    given: 'Noah',
    family: 'Begay',
    heritage: 'navajo',
    gender: 'male',
    sex: 'male',
    age: 0.87,
    smoking: 'never',
    tribe: ['170', 'Navajo Nation, Arizona, New Mexico & Utah'],
    parent: ['Leona', 'mother'],
    problems: [['otitis', 0.62]],
  },
  {
    given: 'James',
    family: 'Whitfield',
    heritage: 'european',
    gender: 'male',
    sex: 'male',
    age: 67.3,
    smoking: 'daily',
    allergy: 'statin',
    problems: [
      ['lung', 60.3],
      ['coronary', 63.2],
      ['hypertension', 55],
      ['gout', 61],
      ['prostate', 64.5],
      ['lungAttack', 62.1],
      ['pneumonia', 66.4],
    ],
  },
  {
    given: 'Alex',
    family: 'Marlowe',
    heritage: 'european',
    gender: 'other',
    sex: 'female',
    age: 24.1,
    smoking: 'some',
    allergy: 'bee',
    problems: [
      ['anxiety', 18.3],
      ['depression', 19.6],
      ['rhinitis', 14],
      ['appendicitis', 21.7],
      ['ankleSprain', 22.9],
    ],
  },
  {
    given: 'Priya',
    family: 'Natarajan',
    heritage: 'indian-american',
    gender: 'female',
    sex: 'female',
    age: 45.7,
    smoking: 'never',
    allergy: 'shellfish',
    problems: [
      ['hypothyroidism', 37.4],
      ['anemia', 41.2],
      ['hyperlipidemia', 43],
      ['sinusitis', 44.6],
    ],
  },
];
