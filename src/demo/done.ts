/** One procedure as it was done at one visit. */
import type { Procedure } from '@medplum/fhirtypes';
import type { Moment } from './calendar.ts';
import { link } from './chart.ts';
import type { Chart } from './chart.ts';
import { concept } from './datatypes.ts';
import type { Course } from './life.ts';
import type { PractitionerKey } from './tables/network.ts';
import { procedure } from './tables/procedures.ts';
import type { ProcedureKey, ProcedureRow } from './tables/procedures.ts';
import type { Measures } from './measures.ts';
import type { Visit } from './visits.ts';

/** One procedure at one visit. */
export interface Done {
  readonly key: ProcedureKey;
  readonly row: ProcedureRow;
  readonly visit: Visit;
  readonly start: Moment;
  readonly by: PractitionerKey;
  readonly reason?: Course;
  readonly measures: Measures;
}

export function doneAt(visit: Visit, key: ProcedureKey, measures: Measures): Done {
  const row = procedure(key);
  const by = row.by === 'primary' ? visit.by : key === 'delivery' ? 'obstetrician' : row.by;
  const concerned = [...visit.found, ...visit.followed];
  const reason =
    concerned.find((one) => one.row.procedures?.includes(key) || one.row.event?.procedure === key) ??
    concerned[0];
  const start = visit.kind === 'inpatient' ? visit.start + 180 : visit.start + 8;
  return { key, row, visit, start, by, measures, ...(reason && { reason }) };
}

export const keyOf = ({ key, visit }: Done): string => `${key}-${visit.key}`;

export const reasonsOf = (chart: Chart, { reason }: Done) =>
  reason && {
    reasonCode: [concept(['snomed', ...reason.row.snomed])],
    reasonReference: [
      link(chart, 'Condition', reason.key, reason.row.snomed[1]),
    ] as Procedure['reasonReference'],
  };
