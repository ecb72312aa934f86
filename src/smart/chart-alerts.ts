/** What stands above a chart: allergies and current problems, each once and in words. https://hl7.org/fhir/R4/allergyintolerance.html */
import type { AllergyIntolerance, CodeableConcept, Condition } from '@medplum/fhirtypes';
import type { ChartUser } from './chart.ts';
import { ask, resourcesOf, type ChartOptions } from './record-chart.ts';

export interface ChartAlerts {
  readonly allergies: readonly string[];
  readonly problems: readonly string[];
}

type Alert = AllergyIntolerance | Condition;

const COUNT = ['_count', '50'] as const;
const INACTIVE: readonly string[] = ['inactive', 'resolved', 'remission'];
const WRONG: readonly string[] = ['entered-in-error', 'refuted'];

export async function chartAlerts(
  options: ChartOptions,
  user: ChartUser,
  patient: string,
): Promise<ChartAlerts> {
  const inRecord = ['patient', patient] as const;
  const [allergies, problems] = await Promise.all([
    ask(options, user, ['AllergyIntolerance'], [inRecord, COUNT]),
    ask(options, user, ['Condition'], [inRecord, ['category', 'problem-list-item'], COUNT]),
  ]);
  const words = (bundle: Awaited<ReturnType<typeof ask>>): readonly string[] =>
    currentAlerts(resourcesOf(bundle) as unknown as Alert[]);
  return { allergies: words(allergies), problems: words(problems) };
}

/** Those that count now. */
export function currentAlerts(resources: readonly Alert[]): readonly string[] {
  const current = resources.filter(
    ({ clinicalStatus, verificationStatus }) =>
      !hasCode(clinicalStatus, INACTIVE) && !hasCode(verificationStatus, WRONG),
  );
  return [...new Set(current.flatMap(({ code }) => sayConcept(code) ?? []))];
}

const hasCode = (concept: CodeableConcept | undefined, codes: readonly string[]): boolean =>
  (concept?.coding ?? []).some(({ code }) => code !== undefined && codes.includes(code));

const sayConcept = (concept: CodeableConcept | undefined): string | undefined =>
  concept?.text ?? concept?.coding?.find(({ display }) => display !== undefined)?.display;
