// `npm test`: runs Jest in stages, fast ones first; then says what did not run and what it needs, and the totals.
// Arguments go to Jest as they are, in one run over all tests. `EMBERGATE_REQUIRE=mongod` fails where a suite needing it did not run.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findMongod } from './mongod.mjs';
import { ROOT } from './runtime.mjs';

const JEST = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');

/** Fast ones first, so that a slip is seen early. The last one takes whatever no other stage names. */
const STAGES = [
  { name: 'architecture, unit, property', folders: ['architecture', 'unit', 'property'], flags: [] },
  { name: 'contract, conformance', folders: ['contract', 'conformance'], flags: [] },
  { name: 'end to end', folders: undefined, flags: ['--maxWorkers=1'] },
];

const patternOf = (folders) => `/test/(${folders.join('|')})/`;

function stageArguments({ folders, flags }) {
  if (folders !== undefined) return [`--testPathPatterns=${patternOf(folders)}`, ...flags];
  const others = patternOf(STAGES.flatMap((stage) => stage.folders ?? []));
  return [`--testPathIgnorePatterns=${others}`, '--testPathIgnorePatterns=/node_modules/', ...flags];
}

/** Resolves to the exit code of Jest. */
function jest(args, env) {
  const flags = ['--experimental-vm-modules', '--no-warnings'];
  const child = spawn(process.execPath, [...flags, JEST, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  });
  return new Promise((done) => {
    child.on('exit', (code, signal) => done(code ?? 128 + constants.signals[signal]));
  });
}

const linesOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
const recordsIn = (file) => linesOf(file).map((line) => JSON.parse(line));

function sumTotals(runs, codes) {
  const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
  const silent = codes.filter((code, index) => code !== 0 && (runs[index]?.failed ?? 0) === 0).length;
  // A run that ended badly without a failed test (a crash, a bad argument) is a failure all the same.
  return { passed: sum('passed'), failed: sum('failed') + silent, skipped: sum('skipped') };
}

function printNotRun(records) {
  const missing = records.filter((record) => record.missing !== undefined);
  if (missing.length === 0) return;
  console.log('\nDid not run here:');
  for (const { file, why, missing: what } of missing) console.log(`  ${file}: ${why}\n    needs ${what}`);
}

/** The needs that must be met (EMBERGATE_REQUIRE) but were not, or that no suite asked for. */
function unmet(records) {
  const required = (process.env.EMBERGATE_REQUIRE ?? '').split(',').filter((need) => need !== '');
  return required.filter((need) => {
    const asked = records.filter((record) => record.need === need);
    return asked.length === 0 || asked.some((record) => record.missing !== undefined);
  });
}

async function runStages(args, env) {
  const codes = [];
  if (args.length > 0) return [await jest(args, env)];
  for (const stage of STAGES) {
    console.log(`\n── ${stage.name} ──`);
    codes.push(await jest(['--passWithNoTests', ...stageArguments(stage)], env));
    if (codes.at(-1) > 128) break;
  }
  return codes;
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'embergate-test-'));
  const logs = { totals: join(folder, 'totals.jsonl'), needs: join(folder, 'needs.jsonl') };
  const mongod = await findMongod();
  const env = {
    EMBERGATE_TOTALS_LOG: logs.totals,
    EMBERGATE_NEEDS_LOG: logs.needs,
    ...(mongod.path === undefined ? {} : { MONGOMS_SYSTEM_BINARY: mongod.path }),
  };
  const codes = await runStages(process.argv.slice(2), env);
  const records = recordsIn(logs.needs);
  const totals = sumTotals(recordsIn(logs.totals), codes);
  rmSync(folder, { recursive: true, force: true });
  printNotRun(records);
  const lacking = unmet(records);
  for (const need of lacking) console.log(`\nRequired but not run: suites that need ${need}`);
  console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  return codes.find((code) => code !== 0) ?? (lacking.length > 0 ? 1 : 0);
}

// Ctrl-C reaches Jest by itself; this process stays to tell the totals.
process.on('SIGINT', () => undefined);
process.exitCode = await main();
