/** The invented health system that all demo patients use: organizations, places and people who work there. */

export type OrganizationKey =
  | 'family'
  | 'pediatrics'
  | 'hospital'
  | 'urgent'
  | 'laboratory'
  | 'pharmacy'
  | 'community'
  | 'commercial'
  | 'medicare'
  | 'medicaid';

export interface OrganizationRow {
  readonly key: OrganizationKey;
  readonly name: string;
  readonly type: 'prov' | 'dept' | 'pay' | 'ins' | 'other';
  readonly line: string;
  readonly town: number;
  readonly partOf?: OrganizationKey;
  readonly clia?: string;
  readonly naic?: string;
}

export const ORGANIZATIONS: readonly OrganizationRow[] = [
  {
    key: 'hospital',
    name: 'Alder Valley Medical Center',
    type: 'prov',
    line: '1 Medical Center Drive',
    town: 1,
  },
  {
    key: 'family',
    name: 'Hollow Creek Family Medicine',
    type: 'prov',
    line: '210 Alder Street',
    town: 0,
    partOf: 'hospital',
  },
  {
    key: 'pediatrics',
    name: 'Hollow Creek Pediatrics',
    type: 'prov',
    line: '212 Alder Street',
    town: 0,
    partOf: 'hospital',
  },
  { key: 'urgent', name: 'Riverbend Urgent Care', type: 'prov', line: '48 Ferry Street', town: 3 },
  {
    key: 'laboratory',
    name: 'Alder Valley Laboratory',
    type: 'dept',
    line: '3 Medical Center Drive',
    town: 1,
    partOf: 'hospital',
    clia: '22D9999998',
  },
  { key: 'pharmacy', name: 'Corner Apothecary', type: 'other', line: '15 Union Square', town: 0 },
  {
    key: 'community',
    name: 'Lantern Community Services',
    type: 'other',
    line: '77 Lantern Hill Road',
    town: 2,
  },
  {
    key: 'commercial',
    name: 'Northwood Health Plan',
    type: 'pay',
    line: '900 Granite Way',
    town: 3,
    naic: '99901',
  },
  {
    key: 'medicare',
    name: 'Federal Senior Health (demo Medicare)',
    type: 'ins',
    line: '7500 Orchard Terrace',
    town: 3,
  },
  {
    key: 'medicaid',
    name: 'Commonwealth Health (demo Medicaid)',
    type: 'ins',
    line: '100 Cooper Avenue',
    town: 1,
  },
];

export type LocationKey =
  'family' | 'pediatrics' | 'urgent' | 'emergency' | 'ward' | 'surgery' | 'birth' | 'imaging' | 'virtual';

export interface LocationRow {
  readonly key: LocationKey;
  readonly name: string;
  readonly at: OrganizationKey;
  /** v3-RoleCode, code and display. */
  readonly type: readonly [string, string];
  /** location-physical-type, code and display. */
  readonly form: readonly [string, string];
}

const BUILDING = ['bu', 'Building'] as const;
const WARD = ['wa', 'Ward'] as const;

export const LOCATIONS: readonly LocationRow[] = [
  {
    key: 'family',
    name: 'Hollow Creek Family Medicine, main clinic',
    at: 'family',
    type: ['FMC', 'Family medicine clinic'],
    form: BUILDING,
  },
  {
    key: 'pediatrics',
    name: 'Hollow Creek Pediatrics, main clinic',
    at: 'pediatrics',
    type: ['PEDC', 'Pediatrics clinic'],
    form: BUILDING,
  },
  {
    key: 'urgent',
    name: 'Riverbend Urgent Care, walk-in clinic',
    at: 'urgent',
    type: ['OF', 'Outpatient facility'],
    form: BUILDING,
  },
  {
    key: 'emergency',
    name: 'Alder Valley Emergency Department',
    at: 'hospital',
    type: ['ER', 'Emergency room'],
    form: WARD,
  },
  {
    key: 'ward',
    name: 'Alder Valley Medical Ward 3 West',
    at: 'hospital',
    type: ['HU', 'Hospital unit'],
    form: WARD,
  },
  {
    key: 'surgery',
    name: 'Alder Valley Surgical Ward 4 East',
    at: 'hospital',
    type: ['HU', 'Hospital unit'],
    form: WARD,
  },
  {
    key: 'birth',
    name: 'Alder Valley Birth Center',
    at: 'hospital',
    type: ['HU', 'Hospital unit'],
    form: WARD,
  },
  {
    key: 'imaging',
    name: 'Alder Valley Imaging',
    at: 'hospital',
    type: ['RADDX', 'Radiology diagnostics or therapeutics unit'],
    form: WARD,
  },
  {
    key: 'virtual',
    name: 'Hollow Creek video visits',
    at: 'family',
    type: ['FMC', 'Family medicine clinic'],
    form: ['area', 'Area'],
  },
];

export type PractitionerKey =
  | 'clinician'
  | 'family'
  | 'pediatrician'
  | 'pediatrician2'
  | 'hospitalist'
  | 'emergency'
  | 'surgeon'
  | 'cardiologist'
  | 'obstetrician'
  | 'radiologist'
  | 'urgent'
  | 'pharmacist'
  | 'nurse';

export interface PractitionerRow {
  readonly key: PractitionerKey;
  readonly given: string;
  readonly family: string;
  readonly suffix: string;
  readonly gender: 'female' | 'male';
  readonly works: OrganizationKey;
  readonly at: LocationKey;
  /** NUCC provider taxonomy: role and specialty. */
  readonly taxonomy: readonly [string, string];
  /** Role in a care team, SNOMED CT. */
  readonly role: readonly [string, string];
}

const PRIMARY = ['453231000124104', 'Primary care provider'] as const;
const PEDIATRIC = ['208000000X', 'Pediatrics Physician'] as const;
const FAMILY = ['207Q00000X', 'Family Medicine Physician'] as const;

export const PRACTITIONERS: readonly PractitionerRow[] = [
  {
    key: 'clinician',
    given: 'Amara',
    family: 'Osei',
    suffix: 'MD',
    gender: 'female',
    works: 'family',
    at: 'family',
    taxonomy: FAMILY,
    role: PRIMARY,
  },
  {
    key: 'family',
    given: 'Benjamin',
    family: 'Hartley',
    suffix: 'MD',
    gender: 'male',
    works: 'family',
    at: 'family',
    taxonomy: FAMILY,
    role: PRIMARY,
  },
  {
    key: 'pediatrician',
    given: 'Leila',
    family: 'Haddad',
    suffix: 'MD',
    gender: 'female',
    works: 'pediatrics',
    at: 'pediatrics',
    taxonomy: PEDIATRIC,
    role: PRIMARY,
  },
  {
    key: 'pediatrician2',
    given: 'Samuel',
    family: 'Ortega',
    suffix: 'MD',
    gender: 'male',
    works: 'pediatrics',
    at: 'pediatrics',
    taxonomy: PEDIATRIC,
    role: PRIMARY,
  },
  {
    key: 'hospitalist',
    given: 'Grace',
    family: 'Kim',
    suffix: 'MD',
    gender: 'female',
    works: 'hospital',
    at: 'ward',
    taxonomy: ['208M00000X', 'Hospitalist Physician'],
    role: ['309343006', 'Physician'],
  },
  {
    key: 'emergency',
    given: 'Marcus',
    family: 'Boyd',
    suffix: 'MD',
    gender: 'male',
    works: 'hospital',
    at: 'emergency',
    taxonomy: ['207P00000X', 'Emergency Medicine Physician'],
    role: ['309294001', 'Emergency department physician'],
  },
  {
    key: 'surgeon',
    given: 'Ingrid',
    family: 'Novak',
    suffix: 'MD',
    gender: 'female',
    works: 'hospital',
    at: 'surgery',
    taxonomy: ['208600000X', 'Surgery Physician'],
    role: ['304292004', 'Surgeon'],
  },
  {
    key: 'cardiologist',
    given: 'Rafael',
    family: 'Vega',
    suffix: 'MD',
    gender: 'male',
    works: 'hospital',
    at: 'ward',
    taxonomy: ['207RC0000X', 'Cardiovascular Disease Physician'],
    role: ['17561000', 'Cardiologist'],
  },
  {
    key: 'obstetrician',
    given: 'Naomi',
    family: 'Ellison',
    suffix: 'MD',
    gender: 'female',
    works: 'hospital',
    at: 'birth',
    taxonomy: ['207V00000X', 'Obstetrics & Gynecology Physician'],
    role: ['309367003', 'Obstetrician and gynecologist'],
  },
  {
    key: 'radiologist',
    given: 'Wei',
    family: 'Zhao',
    suffix: 'MD',
    gender: 'male',
    works: 'hospital',
    at: 'imaging',
    taxonomy: ['2085R0202X', 'Diagnostic Radiology Physician'],
    role: ['66862007', 'Radiologist'],
  },
  {
    key: 'urgent',
    given: 'Tessa',
    family: 'Pritchard',
    suffix: 'PA-C',
    gender: 'female',
    works: 'urgent',
    at: 'urgent',
    taxonomy: ['363A00000X', 'Physician Assistant'],
    role: ['449161006', 'Physician assistant'],
  },
  {
    key: 'pharmacist',
    given: 'Arjun',
    family: 'Mehra',
    suffix: 'PharmD',
    gender: 'male',
    works: 'pharmacy',
    at: 'family',
    taxonomy: ['183500000X', 'Pharmacist'],
    role: ['46255001', 'Pharmacist'],
  },
  {
    key: 'nurse',
    given: 'Denise',
    family: 'Gaines',
    suffix: 'RN',
    gender: 'female',
    works: 'family',
    at: 'family',
    taxonomy: ['163W00000X', 'Registered Nurse'],
    role: ['224535009', 'Registered nurse'],
  },
];
