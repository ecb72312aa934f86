/** Small word lists of our own for people and addresses. Cities and streets are invented; phone numbers are of the 555-01xx range kept for fiction. */

export interface Heritage {
  readonly key: string;
  readonly weight: number;
  /** OMB race category and, where there is one, a detailed race; code and display of CDC Race & Ethnicity. */
  readonly race: readonly [string, string];
  readonly detailed?: readonly [string, string];
  readonly hispanic?: readonly [string, string];
  readonly language?: readonly [tag: string, display: string, share: number];
  readonly female: readonly string[];
  readonly male: readonly string[];
  readonly family: readonly string[];
}

const WHITE = ['2106-3', 'White'] as const;
const BLACK = ['2054-5', 'Black or African American'] as const;
const ASIAN = ['2028-9', 'Asian'] as const;
const NATIVE = ['1002-5', 'American Indian or Alaska Native'] as const;

export const HERITAGES: readonly Heritage[] = [
  {
    key: 'european',
    weight: 46,
    race: WHITE,
    female: 'Hannah Claire Nora Eleanor Ingrid Margaret Paige Rosalind Tessa Vivian Abigail Greta'.split(' '),
    male: 'Owen Theodore Patrick Lars Henry Callum Walter Simon August Elliot Gordon Peter'.split(' '),
    family:
      'Whitfield Lindqvist Abernathy Kowalski Hartley Donovan Pritchard Novak Ferris Sutherland Marlowe Brandt Castellano Everly'.split(
        ' ',
      ),
  },
  {
    key: 'african-american',
    weight: 16,
    race: BLACK,
    detailed: ['2058-6', 'African American'],
    female: 'Imani Denise Naomi Tamara Alicia Ruth Gloria Simone'.split(' '),
    male: 'Marcus Isaiah Terrence Andre Jerome Malik Curtis Solomon'.split(' '),
    family: 'Washington Baptiste Okafor Mensah Freeman Daniels Holloway Boyd Gaines Ellison'.split(' '),
  },
  {
    key: 'mexican-american',
    weight: 18,
    race: WHITE,
    hispanic: ['2148-5', 'Mexican'],
    language: ['es', 'Spanish', 0.45],
    female: 'Sofia Lucia Camila Elena Marisol Valeria Ines Guadalupe'.split(' '),
    male: 'Mateo Diego Javier Emilio Rafael Andres Hector Tomas'.split(' '),
    family: 'Ramirez Delgado Fuentes Ibarra Castillo Montoya Salazar Vega Aguilar Rojas'.split(' '),
  },
  {
    key: 'chinese-american',
    weight: 8,
    race: ASIAN,
    detailed: ['2034-7', 'Chinese'],
    language: ['zh', 'Chinese', 0.3],
    female: 'Lin Mei Grace Jia Vivian Xiu Amy Wen'.split(' '),
    male: 'Wei Jun Kevin Hao Daniel Ming Eric Bo'.split(' '),
    family: 'Chen Zhao Liang Huang Xu Tan Luo Feng'.split(' '),
  },
  {
    key: 'indian-american',
    weight: 7,
    race: ASIAN,
    detailed: ['2029-7', 'Asian Indian'],
    female: 'Priya Anjali Kavya Meera Lakshmi Divya'.split(' '),
    male: 'Arjun Rohan Vikram Sanjay Nikhil Kiran'.split(' '),
    family: 'Natarajan Banerjee Kulkarni Mehra Subramanian Joshi'.split(' '),
  },
  {
    key: 'navajo',
    weight: 3,
    race: NATIVE,
    detailed: ['1382-1', 'Navajo'],
    female: 'Shandiin Dawn Leona Winona'.split(' '),
    male: 'Noah Dustin Leland Ahiga'.split(' '),
    family: 'Begay Tsosie Yazzie Benally'.split(' '),
  },
  {
    key: 'haitian-american',
    weight: 2,
    race: BLACK,
    detailed: ['2071-9', 'Haitian'],
    language: ['ht', 'Haitian', 0.5],
    female: 'Mirlande Fabiola Nadege Esther'.split(' '),
    male: 'Jean Frantz Wilner Emmanuel'.split(' '),
    family: 'Toussaint Desrosiers Laurent Pierre'.split(' '),
  },
];

export const MIDDLE_INITIALS: readonly string[] = 'A B C D E F G H J K L M N P R S T V W'.split(' ');

export const STREETS: readonly string[] =
  'Alder Street|Millpond Road|Quarry Lane|Lantern Hill Road|Cooper Avenue|Orchard Terrace|Ferry Street|Granite Way|Juniper Court|Old Canal Road|Meadowlark Drive|Union Square'.split(
    '|',
  );

export interface Town {
  readonly city: string;
  readonly state: string;
  readonly postalCode: string;
  readonly areaCode: string;
}

export const TOWNS: readonly Town[] = [
  { city: 'Hollow Creek', state: 'MA', postalCode: '01399', areaCode: '413' },
  { city: 'Alder Falls', state: 'MA', postalCode: '01398', areaCode: '413' },
  { city: 'North Ember', state: 'MA', postalCode: '01397', areaCode: '413' },
  { city: 'Riverbend', state: 'CT', postalCode: '06099', areaCode: '860' },
];

export interface Job {
  readonly title: string;
  /** Standard Occupational Classification. */
  readonly soc: string;
  readonly industry: string;
  /** North American Industry Classification System. */
  readonly naics: string;
}

export const JOBS: readonly Job[] = [
  {
    title: 'Elementary School Teachers, Except Special Education',
    soc: '25-2021',
    industry: 'Elementary and Secondary Schools',
    naics: '611110',
  },
  {
    title: 'Registered Nurses',
    soc: '29-1141',
    industry: 'General Medical and Surgical Hospitals',
    naics: '622110',
  },
  { title: 'Electricians', soc: '47-2111', industry: 'Electrical Contractors', naics: '238210' },
  {
    title: 'Accountants and Auditors',
    soc: '13-2011',
    industry: 'Offices of Certified Public Accountants',
    naics: '541211',
  },
  {
    title: 'Heavy and Tractor-Trailer Truck Drivers',
    soc: '53-3032',
    industry: 'General Freight Trucking, Local',
    naics: '484110',
  },
  { title: 'Cooks, Restaurant', soc: '35-2014', industry: 'Full-Service Restaurants', naics: '722511' },
  {
    title: 'Software Developers',
    soc: '15-1252',
    industry: 'Custom Computer Programming Services',
    naics: '541511',
  },
  { title: 'Carpenters', soc: '47-2031', industry: 'Residential Remodelers', naics: '236118' },
  { title: 'Nursing Assistants', soc: '31-1131', industry: 'Nursing Care Facilities', naics: '623110' },
  { title: 'Retail Salespersons', soc: '41-2031', industry: 'Hardware Retailers', naics: '444140' },
];
