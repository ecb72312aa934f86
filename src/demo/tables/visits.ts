/** Kinds of visit, with their codes, length and price. */
import type { Code } from '../codes.ts';

export type VisitKind =
  | 'wellChild'
  | 'physical'
  | 'followUp'
  | 'problem'
  | 'video'
  | 'prenatal'
  | 'urgent'
  | 'emergency'
  | 'inpatient'
  | 'outpatient';

export interface KindRow {
  readonly type: Code;
  /** v3-ActCode class of the encounter. */
  readonly class: readonly [code: string, display: string];
  readonly minutes: number;
  readonly cpt: string;
  readonly fee: number;
  readonly title: string;
}

const AMBULATORY = ['AMB', 'ambulatory'] as const;

export const VISIT_KINDS: Readonly<Record<VisitKind, KindRow>> = {
  wellChild: {
    type: ['snomed', '410620009', 'Well child visit'],
    class: AMBULATORY,
    minutes: 25,
    cpt: '99392',
    fee: 165,
    title: 'Well child visit',
  },
  physical: {
    type: ['snomed', '185349003', 'Encounter for check up'],
    class: AMBULATORY,
    minutes: 35,
    cpt: '99396',
    fee: 210,
    title: 'Annual physical',
  },
  followUp: {
    type: ['snomed', '390906007', 'Follow-up encounter'],
    class: AMBULATORY,
    minutes: 20,
    cpt: '99214',
    fee: 155,
    title: 'Follow-up visit',
  },
  problem: {
    type: ['snomed', '185347001', 'Encounter for problem'],
    class: AMBULATORY,
    minutes: 20,
    cpt: '99213',
    fee: 128,
    title: 'Office visit',
  },
  video: {
    type: ['snomed', '448337001', 'Telemedicine consultation with patient'],
    class: ['VR', 'virtual'],
    minutes: 15,
    cpt: '99442',
    fee: 96,
    title: 'Video visit',
  },
  prenatal: {
    type: ['snomed', '424619006', 'Prenatal visit'],
    class: AMBULATORY,
    minutes: 20,
    cpt: '99214',
    fee: 140,
    title: 'Prenatal visit',
  },
  urgent: {
    type: ['snomed', '185347001', 'Encounter for problem'],
    class: AMBULATORY,
    minutes: 40,
    cpt: '99203',
    fee: 190,
    title: 'Urgent care visit',
  },
  emergency: {
    type: ['snomed', '50849002', 'Emergency room admission'],
    class: ['EMER', 'emergency'],
    minutes: 190,
    cpt: '99284',
    fee: 860,
    title: 'Emergency visit',
  },
  inpatient: {
    type: ['snomed', '32485007', 'Hospital admission'],
    class: ['IMP', 'inpatient encounter'],
    minutes: 0,
    cpt: '99223',
    fee: 2400,
    title: 'Hospital stay',
  },
  outpatient: {
    type: ['snomed', '371883000', 'Outpatient procedure'],
    class: AMBULATORY,
    minutes: 60,
    cpt: '99211',
    fee: 60,
    title: 'Procedure visit',
  },
};
