/** Runs the checks one after the other and tells of each what it found. */
import type { Area } from './check.ts';
import { CHECKS } from './checks.ts';
import { exam, Skipped, type DoctorOptions } from './exam.ts';

export interface Finding {
  readonly area: Area;
  readonly check: string;
  readonly result: 'pass' | 'fail' | 'skip';
  /** what was seen */
  readonly detail: string;
  /** what to do, where it fails */
  readonly fix?: string;
}

/** `areas`: those to look at; all when absent. */
export async function examine(
  options: DoctorOptions,
  areas?: readonly Area[],
  heard: (finding: Finding) => void = () => undefined,
): Promise<readonly Finding[]> {
  const one = exam(options);
  const findings: Finding[] = [];
  for (const { area, name, fix, run } of CHECKS) {
    if (areas && !areas.includes(area)) continue;
    const head = { area, check: name };
    const finding = await run(one).then(
      (detail): Finding => ({ ...head, result: 'pass', detail }),
      (error: unknown): Finding => {
        const detail = error instanceof Error ? error.message : String(error);
        return error instanceof Skipped
          ? { ...head, result: 'skip', detail }
          : { ...head, result: 'fail', detail, fix };
      },
    );
    findings.push(finding);
    heard(finding);
  }
  return findings;
}
