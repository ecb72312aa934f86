/** Allergies and intolerances: substance, reaction, and the medicines to avoid because of it. */
import type { MedicineKey } from './medicines.ts';

export interface AllergyRow {
  readonly key: string;
  readonly code: readonly [system: 'snomed' | 'rxnorm', code: string, display: string];
  readonly label: string;
  readonly type: 'allergy' | 'intolerance';
  readonly category: 'food' | 'medication' | 'environment' | 'biologic';
  readonly criticality: 'low' | 'high';
  readonly severity: 'mild' | 'moderate' | 'severe';
  readonly reactions: readonly (readonly [code: string, display: string])[];
  readonly age: number;
  readonly avoid?: readonly MedicineKey[];
  readonly instead?: MedicineKey;
}

const HIVES = ['247472004', 'Wheal'] as const;
const ANAPHYLAXIS = ['39579001', 'Anaphylaxis'] as const;

export const ALLERGIES: readonly AllergyRow[] = [
  {
    key: 'penicillin',
    code: ['rxnorm', '70618', 'penicillin'],
    label: 'penicillin',
    type: 'allergy',
    category: 'medication',
    criticality: 'high',
    severity: 'moderate',
    reactions: [HIVES, ['271807003', 'Eruption of skin']],
    age: 8,
    avoid: ['amoxicillin500', 'amoxicillinLiquid'],
    instead: 'azithromycin250',
  },
  {
    key: 'sulfonamide',
    code: ['snomed', '387406002', 'Sulfonamide'],
    label: 'sulfonamide antibiotics',
    type: 'allergy',
    category: 'medication',
    criticality: 'low',
    severity: 'mild',
    reactions: [['271807003', 'Eruption of skin']],
    age: 20,
  },
  {
    key: 'statin',
    code: ['rxnorm', '83367', 'atorvastatin'],
    label: 'atorvastatin',
    type: 'intolerance',
    category: 'medication',
    criticality: 'low',
    severity: 'moderate',
    reactions: [['68962001', 'Muscle pain']],
    age: 40,
    avoid: ['atorvastatin20', 'atorvastatin80'],
  },
  {
    key: 'peanut',
    code: ['snomed', '762952008', 'Peanut'],
    label: 'peanut',
    type: 'allergy',
    category: 'food',
    criticality: 'high',
    severity: 'severe',
    reactions: [ANAPHYLAXIS, HIVES],
    age: 1.8,
  },
  {
    key: 'shellfish',
    code: ['snomed', '735029006', 'Shellfish'],
    label: 'shellfish',
    type: 'allergy',
    category: 'food',
    criticality: 'low',
    severity: 'moderate',
    reactions: [HIVES, ['422587007', 'Nausea']],
    age: 12,
  },
  {
    key: 'latex',
    code: ['snomed', '111088007', 'Latex'],
    label: 'latex',
    type: 'allergy',
    category: 'environment',
    criticality: 'low',
    severity: 'mild',
    reactions: [['40275004', 'Contact dermatitis']],
    age: 18,
  },
  {
    key: 'bee',
    code: ['snomed', '288328004', 'Bee venom'],
    label: 'bee venom',
    type: 'allergy',
    category: 'environment',
    criticality: 'high',
    severity: 'severe',
    reactions: [ANAPHYLAXIS],
    age: 9,
  },
  {
    key: 'pollen',
    code: ['snomed', '256277009', 'Grass pollen'],
    label: 'grass pollen',
    type: 'allergy',
    category: 'environment',
    criticality: 'low',
    severity: 'mild',
    reactions: [['76067001', 'Sneezing']],
    age: 7,
  },
];
