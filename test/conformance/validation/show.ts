// node test/conformance/validation/show.ts [NAME…]: what differs from the reference validator on the official cases, run by run; with names the whole of those.

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadDefinitions } from '../../../src/definitions-file.ts';
import type { Issue } from '../../../src/fhir/model/outcome.ts';
import { caseRuns, essence, SHARED_DATA, type CaseRun } from './cases.ts';

const folder = mkdtempSync(join(tmpdir(), 'packages-'));
copyFileSync(join(SHARED_DATA, 'us-core-packages', 'us_core_610.tgz'), join(folder, 'us_core_610.tgz'));
const definitions = await loadDefinitions({ packages: folder });
rmSync(folder, { recursive: true });

const wanted = process.argv.slice(2);
const isBad = ({ severity }: Issue): boolean => severity === 'error' || severity === 'fatal';
const paths = (issues: readonly Issue[]): Set<string> =>
  new Set(issues.flatMap(({ expression = [] }) => expression).map(essence));
let [agree, same] = [0, 0];
const runs = caseRuns();
for (const run of runs) look(run);
console.log(`${agree} of ${runs.length} agree, ${same} with the same places`);

function look(run: CaseRun): void {
  const issues = run.validate(definitions);
  const errors = issues.filter(isBad);
  const [ours, theirs] = [paths(errors), new Set(run.expected.map(essence))];
  const agrees = (errors.length === 0) === run.isValid;
  const isSame = ours.size === theirs.size && [...ours].every((one) => theirs.has(one));
  if (agrees) agree++;
  if (isSame) same++;
  if (wanted.length > 0 ? !wanted.some((one) => run.name.startsWith(one)) : agrees && isSame) return;
  console.log(
    `\n## ${run.name} [${run.module}] ${agrees ? 'places' : `WRONG: reference says ${run.isValid ? 'valid' : 'invalid'}`}`,
  );
  for (const { severity, expression = [], details, diagnostics } of run.recorded) {
    const isOurs = expression.some((one) => ours.has(essence(one)));
    const isShown = wanted.length > 0 || ((severity === 'error' || severity === 'fatal') && !isOurs);
    if (isShown) console.log(`  - ${severity} ${expression.join()} ${details?.text ?? diagnostics ?? ''}`);
  }
  for (const { severity, expression = [], diagnostics } of issues) {
    const isTheirs = expression.some((one) => theirs.has(essence(one)));
    const isShown = wanted.length > 0 || ((severity === 'error' || severity === 'fatal') && !isTheirs);
    if (isShown) console.log(`  + ${severity} ${expression.join()} ${diagnostics}`);
  }
}
