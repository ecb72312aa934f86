/** A schedule in the manner of the CDC's, with CVX codes. https://www.cdc.gov/vaccines/hcp/imz-schedules/ */

export interface Vaccine {
  readonly cvx: string;
  readonly display: string;
  readonly label: string;
  readonly manufacturer: string;
  readonly site: 'arm' | 'thigh' | 'mouth';
  readonly cpt: string;
}

export type VaccineKey = keyof typeof VACCINES;

export const VACCINES = {
  hepB: {
    cvx: '08',
    display: 'hepatitis B vaccine, pediatric or pediatric/adolescent dosage',
    label: 'hepatitis B',
    manufacturer: 'Merck and Co., Inc.',
    site: 'thigh',
    cpt: '90744',
  },
  rotavirus: {
    cvx: '116',
    display: 'rotavirus, live, pentavalent vaccine',
    label: 'rotavirus',
    manufacturer: 'Merck and Co., Inc.',
    site: 'mouth',
    cpt: '90680',
  },
  dtap: {
    cvx: '20',
    display: 'diphtheria, tetanus toxoids and acellular pertussis vaccine',
    label: 'DTaP',
    manufacturer: 'Sanofi Pasteur',
    site: 'thigh',
    cpt: '90700',
  },
  hib: {
    cvx: '48',
    display: 'Haemophilus influenzae type b vaccine, PRP-T conjugate',
    label: 'Hib',
    manufacturer: 'Sanofi Pasteur',
    site: 'thigh',
    cpt: '90648',
  },
  pcv13: {
    cvx: '133',
    display: 'pneumococcal conjugate vaccine, 13 valent',
    label: 'PCV13',
    manufacturer: 'Pfizer, Inc',
    site: 'thigh',
    cpt: '90670',
  },
  pcv20: {
    cvx: '216',
    display:
      'Pneumococcal conjugate vaccine 20-valent (PCV20), polysaccharide CRM197 conjugate, adjuvant, preservative free',
    label: 'PCV20',
    manufacturer: 'Pfizer, Inc',
    site: 'thigh',
    cpt: '90677',
  },
  polio: {
    cvx: '10',
    display: 'poliovirus vaccine, inactivated',
    label: 'IPV',
    manufacturer: 'Sanofi Pasteur',
    site: 'thigh',
    cpt: '90713',
  },
  mmr: {
    cvx: '03',
    display: 'measles, mumps and rubella virus vaccine',
    label: 'MMR',
    manufacturer: 'Merck and Co., Inc.',
    site: 'arm',
    cpt: '90707',
  },
  varicella: {
    cvx: '21',
    display: 'varicella virus vaccine',
    label: 'varicella',
    manufacturer: 'Merck and Co., Inc.',
    site: 'arm',
    cpt: '90716',
  },
  hepA: {
    cvx: '83',
    display: 'hepatitis A vaccine, pediatric/adolescent dosage, 2 dose schedule',
    label: 'hepatitis A',
    manufacturer: 'GlaxoSmithKline',
    site: 'thigh',
    cpt: '90633',
  },
  tdap: {
    cvx: '115',
    display: 'tetanus toxoid, reduced diphtheria toxoid, and acellular pertussis vaccine, adsorbed',
    label: 'Tdap',
    manufacturer: 'GlaxoSmithKline',
    site: 'arm',
    cpt: '90715',
  },
  meningococcal: {
    cvx: '114',
    display:
      'meningococcal polysaccharide (groups A, C, Y and W-135) diphtheria toxoid conjugate vaccine (MCV4P)',
    label: 'MenACWY',
    manufacturer: 'Sanofi Pasteur',
    site: 'arm',
    cpt: '90734',
  },
  hpv: {
    cvx: '165',
    display: 'Human Papillomavirus 9-valent vaccine',
    label: 'HPV',
    manufacturer: 'Merck and Co., Inc.',
    site: 'arm',
    cpt: '90651',
  },
  influenza: {
    cvx: '140',
    display: 'Influenza, split virus, trivalent, PF',
    label: 'influenza',
    manufacturer: 'Seqirus',
    site: 'arm',
    cpt: '90656',
  },
  zoster: {
    cvx: '187',
    display: 'zoster vaccine recombinant',
    label: 'recombinant zoster',
    manufacturer: 'GlaxoSmithKline',
    site: 'arm',
    cpt: '90750',
  },
  covid: {
    cvx: '309',
    display: 'COVID-19, mRNA, LNP-S, PF, tris-sucrose, 30 mcg/0.3 mL',
    label: 'COVID-19',
    manufacturer: 'Pfizer, Inc',
    site: 'arm',
    cpt: '91320',
  },
} as const satisfies Record<string, Vaccine>;

export const vaccine = (key: VaccineKey): Vaccine => VACCINES[key];

export interface Series {
  readonly vaccine: VaccineKey;
  /** Ages of the doses, in months. */
  readonly months: readonly number[];
  /** Year in which it came into use, and the last one. */
  readonly since: number;
  readonly until?: number;
}

export const SERIES: readonly Series[] = [
  { vaccine: 'hepB', months: [0, 1, 6], since: 1991 },
  { vaccine: 'rotavirus', months: [2, 4, 6], since: 2006 },
  { vaccine: 'dtap', months: [2, 4, 6, 15, 48], since: 1997 },
  { vaccine: 'hib', months: [2, 4, 6, 12], since: 1990 },
  { vaccine: 'pcv13', months: [2, 4, 6, 12], since: 2010, until: 2022 },
  { vaccine: 'pcv20', months: [2, 4, 6, 12], since: 2023 },
  { vaccine: 'polio', months: [2, 4, 6, 48], since: 2000 },
  { vaccine: 'mmr', months: [12, 48], since: 1989 },
  { vaccine: 'varicella', months: [12, 48], since: 1996 },
  { vaccine: 'hepA', months: [12, 18], since: 2006 },
  { vaccine: 'tdap', months: [132, 252, 372, 492, 612, 732, 852, 972], since: 2006 },
  { vaccine: 'hpv', months: [132, 138], since: 2015 },
  { vaccine: 'meningococcal', months: [132, 192], since: 2005 },
  { vaccine: 'zoster', months: [600, 604], since: 2018 },
  { vaccine: 'pcv20', months: [780], since: 2021 },
  { vaccine: 'covid', months: [], since: 2023 },
];
