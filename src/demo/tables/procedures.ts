/** Procedures, with what they implant, what is reported, and what they cost. */

export type ProcedureKey = keyof typeof PROCEDURES;

/** An implant that stays in the body, with an identifier of an invented manufacturer (GS1 prefix 0950 is kept for examples). */
export interface ImplantRow {
  readonly snomed: readonly [code: string, display: string];
  readonly manufacturer: string;
  readonly model: string;
  /** Thirteen digits of a GTIN; the check digit is computed. */
  readonly gtin: string;
}

export interface ReportRow {
  /** LOINC code and display of the report. */
  readonly loinc: readonly [code: string, display: string];
  /** LOINC part of the category. */
  readonly category: readonly [code: string, display: string];
  /** The report in prose; `{rate}` and the like are filled from what was measured. */
  readonly text: string;
  readonly conclusion: string;
}

export interface ProcedureRow {
  readonly snomed: readonly [code: string, display: string];
  readonly cpt: string;
  readonly label: string;
  readonly minutes: number;
  /** Days in the hospital; 0 for a day case or one done at a visit. */
  readonly stay: number;
  readonly by: 'primary' | 'surgeon' | 'cardiologist' | 'radiologist' | 'emergency';
  readonly category: readonly [code: string, display: string];
  readonly fee: number;
  readonly ordered: boolean;
  readonly implant?: ImplantRow;
  readonly report?: ReportRow;
}

const SURGICAL = ['387713003', 'Surgical procedure'] as const;
const IMAGING = ['363679005', 'Imaging'] as const;
const DIAGNOSTIC = ['103693007', 'Diagnostic procedure'] as const;
const RADIOLOGY = ['LP29684-5', 'Radiology'] as const;
const CARDIOLOGY = ['LP29708-2', 'Cardiology'] as const;
const PATHOLOGY = ['LP7839-6', 'Pathology'] as const;

export const PROCEDURES = {
  kneeReplacement: {
    snomed: ['609588000', 'Total knee replacement'],
    cpt: '27447',
    label: 'total knee replacement',
    minutes: 110,
    stay: 2,
    by: 'surgeon',
    category: SURGICAL,
    fee: 21400,
    ordered: true,
    implant: {
      snomed: ['463239005', 'Posterior-stabilized total knee prosthesis'],
      manufacturer: 'Granite Orthopedics',
      model: 'GK-200 posterior stabilized',
      gtin: '0950600011725',
    },
  },
  coronaryStent: {
    snomed: ['415070008', 'Percutaneous coronary intervention'],
    cpt: '92928',
    label: 'percutaneous coronary intervention',
    minutes: 75,
    stay: 3,
    by: 'cardiologist',
    category: SURGICAL,
    fee: 18900,
    ordered: false,
    implant: {
      snomed: ['705643001', 'Coronary artery stent'],
      manufacturer: 'Lantern Vascular',
      model: 'LV Everolimus 3.0 x 18',
      gtin: '0950600022318',
    },
  },
  pacemaker: {
    snomed: ['307280005', 'Implantation of cardiac pacemaker'],
    cpt: '33208',
    label: 'pacemaker implantation',
    minutes: 90,
    stay: 1,
    by: 'cardiologist',
    category: SURGICAL,
    fee: 16300,
    ordered: true,
    implant: {
      snomed: ['706004007', 'Implantable cardiac pacemaker'],
      manufacturer: 'Ember Rhythm',
      model: 'ER Duo DR',
      gtin: '0950600033444',
    },
  },
  cataractSurgery: {
    snomed: ['110473004', 'Cataract surgery'],
    cpt: '66984',
    label: 'cataract surgery with lens implant',
    minutes: 35,
    stay: 0,
    by: 'surgeon',
    category: SURGICAL,
    fee: 3900,
    ordered: true,
    implant: {
      snomed: ['336616007', 'Artificial intraocular lens'],
      manufacturer: 'Clearwater Optics',
      model: 'CW-60 monofocal',
      gtin: '0950600044556',
    },
  },
  appendectomy: {
    snomed: ['80146002', 'Appendectomy'],
    cpt: '44970',
    label: 'laparoscopic appendectomy',
    minutes: 55,
    stay: 1,
    by: 'surgeon',
    category: SURGICAL,
    fee: 9800,
    ordered: false,
    report: {
      loinc: ['11526-1', 'Pathology study'],
      category: PATHOLOGY,
      text: 'Specimen: appendix, 7.1 x 1.1 cm, serosa dull and hyperemic. Microscopy: transmural neutrophilic inflammation, no perforation, no neoplasm.',
      conclusion: 'Acute appendicitis without perforation.',
    },
  },
  colonoscopy: {
    snomed: ['73761001', 'Colonoscopy'],
    cpt: '45378',
    label: 'screening colonoscopy',
    minutes: 40,
    stay: 0,
    by: 'surgeon',
    category: DIAGNOSTIC,
    fee: 2100,
    ordered: true,
    report: {
      loinc: ['18746-8', 'Colonoscopy study'],
      category: PATHOLOGY,
      text: 'Good preparation. The colonoscope was passed to the cecum, with appendiceal orifice and ileocecal valve seen. Withdrawal time 9 minutes. Mucosa normal throughout; small internal hemorrhoids.',
      conclusion: 'Normal colonoscopy to the cecum. Repeat in ten years.',
    },
  },
  mammogram: {
    snomed: ['24623002', 'Screening mammography'],
    cpt: '77067',
    label: 'screening mammogram',
    minutes: 20,
    stay: 0,
    by: 'radiologist',
    category: IMAGING,
    fee: 310,
    ordered: true,
    report: {
      loinc: ['24606-6', 'MG Breast Screening'],
      category: RADIOLOGY,
      text: 'Both breasts, two views each. Scattered areas of fibroglandular density. No suspicious mass, calcification or distortion. Compared with the earlier study, no change.',
      conclusion: 'BI-RADS 1: negative. Routine screening in one to two years.',
    },
  },
  chestXray: {
    snomed: ['399208008', 'Plain chest X-ray'],
    cpt: '71046',
    label: 'chest X-ray',
    minutes: 15,
    stay: 0,
    by: 'radiologist',
    category: IMAGING,
    fee: 180,
    ordered: true,
    report: {
      loinc: ['36643-5', 'XR Chest 2 Views'],
      category: RADIOLOGY,
      text: 'Frontal and lateral views. {lungs} No effusion. Heart size normal.',
      conclusion: '{verdict}',
    },
  },
  ankleXray: {
    snomed: ['19490002', 'Ankle X-ray'],
    cpt: '73610',
    label: 'ankle X-ray',
    minutes: 15,
    stay: 0,
    by: 'radiologist',
    category: IMAGING,
    fee: 140,
    ordered: true,
    report: {
      loinc: ['36571-8', 'XR Ankle AP and Lateral'],
      category: RADIOLOGY,
      text: 'Three views of the right ankle. Soft tissue swelling laterally. No fracture. The mortise is intact.',
      conclusion: 'Soft tissue swelling, no fracture.',
    },
  },
  boneDensity: {
    snomed: ['312681000', 'Bone density scan'],
    cpt: '77080',
    label: 'bone density scan',
    minutes: 20,
    stay: 0,
    by: 'radiologist',
    category: IMAGING,
    fee: 260,
    ordered: true,
    report: {
      loinc: ['38269-7', 'DXA Skeletal system Views for bone density'],
      category: RADIOLOGY,
      text: 'DXA of the lumbar spine and left hip. Lowest T-score {score} at the femoral neck.',
      conclusion: 'Osteoporosis by WHO criteria.',
    },
  },
  echocardiogram: {
    snomed: ['433236007', 'Transthoracic echocardiography'],
    cpt: '93306',
    label: 'echocardiogram',
    minutes: 45,
    stay: 0,
    by: 'cardiologist',
    category: IMAGING,
    fee: 890,
    ordered: true,
    report: {
      loinc: ['34552-0', 'Cardiac 2D echo panel'],
      category: CARDIOLOGY,
      text: 'Left ventricle mildly dilated with globally reduced function, ejection fraction {fraction} percent. Mild mitral regurgitation. Right ventricle normal.',
      conclusion: 'Reduced left ventricular systolic function.',
    },
  },
  electrocardiogram: {
    snomed: ['29303009', 'Electrocardiographic procedure'],
    cpt: '93000',
    label: 'electrocardiogram',
    minutes: 10,
    stay: 0,
    by: 'cardiologist',
    category: DIAGNOSTIC,
    fee: 95,
    ordered: true,
    report: {
      loinc: ['11524-6', 'EKG study'],
      category: CARDIOLOGY,
      text: 'Twelve-lead tracing at 25 mm/s. Rhythm: {rhythm}. Ventricular rate {rate} a minute. No acute ST change.',
      conclusion: '{rhythm}, rate {rate}.',
    },
  },
  spirometry: {
    snomed: ['127783003', 'Spirometry'],
    cpt: '94010',
    label: 'spirometry',
    minutes: 20,
    stay: 0,
    by: 'primary',
    category: DIAGNOSTIC,
    fee: 130,
    ordered: false,
  },
  woundSuture: {
    snomed: ['288086009', 'Suture open wound'],
    cpt: '12002',
    label: 'suture of the wound',
    minutes: 25,
    stay: 0,
    by: 'emergency',
    category: SURGICAL,
    fee: 420,
    ordered: false,
  },
  delivery: {
    snomed: ['177184002', 'Normal delivery procedure'],
    cpt: '59400',
    label: 'spontaneous vaginal delivery',
    minutes: 60,
    stay: 2,
    by: 'surgeon',
    category: SURGICAL,
    fee: 7600,
    ordered: false,
  },
} as const satisfies Record<string, ProcedureRow>;

export const procedure = (key: ProcedureKey): ProcedureRow => PROCEDURES[key];

/** What people have had done long before they came, and tell of. */
export interface EarlierRow {
  readonly snomed: readonly [code: string, display: string];
  readonly label: string;
  readonly ages: readonly [number, number];
  readonly share: number;
}

export const EARLIER_PROCEDURES: readonly EarlierRow[] = [
  { snomed: ['173422009', 'Tonsillectomy'], label: 'tonsillectomy', ages: [4, 9], share: 0.13 },
  { snomed: ['80146002', 'Appendectomy'], label: 'appendectomy', ages: [9, 30], share: 0.07 },
  {
    snomed: ['65546002', 'Extraction of wisdom tooth'],
    label: 'extraction of wisdom teeth',
    ages: [17, 24],
    share: 0.3,
  },
  { snomed: ['38102005', 'Cholecystectomy'], label: 'cholecystectomy', ages: [32, 60], share: 0.09 },
];
