/**
 * What the terminology service takes on a synthetic release of 400,000 concepts, in process: CPU time an operation, warm. `node bench/terminology.ts FOLDER`
 * keeps the release in FOLDER for the next run.
 */
import { join } from 'node:path';
import { loadDefinitions } from '../src/definitions-file.ts';
import { importFrom } from '../src/cli/releases/import.ts';
import type { ParametersParameter } from '@medplum/fhirtypes';
import { expand } from '../src/fhir/terminology/expand.ts';
import { eclSet } from '../src/fhir/terminology/ecl/evaluate.ts';
import { lookup } from '../src/fhir/terminology/lookup.ts';
import { questionOf } from '../src/fhir/terminology/question.ts';
import { subsumes } from '../src/fhir/terminology/subsumes.ts';
import { validateCode } from '../src/fhir/terminology/validate-code.ts';
import { worldOf } from '../src/fhir/terminology/world.ts';
import { releaseFolder } from '../src/store/sqlite/releases/folder.ts';
import * as rf2 from '../test/support/rf2-release.ts';

const SNOMED = 'http://snomed.info/sct';
const SIZE = 400_000;
/** Codes that are asked in turn: fewer than are kept, so that they are warm. */
const ASKED = 1000;

const place = process.argv[2] ?? 'bench/.terminology';
const folder = releaseFolder(join(place, 'terminology'));
if (folder.releases().length === 0) {
  rf2.writeRf2(join(place, 'rf2'), SIZE);
  const before = process.cpuUsage();
  await importFrom(join(place, 'rf2'), folder);
  const { user, system } = process.cpuUsage(before);
  console.log(
    `import: ${((user + system) / 1e6).toFixed(1)} s of CPU, ${process.resourceUsage().maxRSS >> 10} MB at most`,
  );
}
const world = worldOf(await loadDefinitions(), folder);
const { index } = folder.codeSystems(SNOMED)[0]!;
const code = (n: number): string => rf2.codeOf(20 + (n % ASKED) * 384);
const ask = (...parameter: ParametersParameter[]): ReturnType<typeof questionOf> =>
  questionOf({ resourceType: 'Parameters', parameter }, undefined);
const text = (name: string, valueString: string): ParametersParameter => ({ name, valueString });
const isa = text('url', `${SNOMED}?fhir_vs=isa/${rf2.FINDING}`);
const system = text('system', SNOMED);
const count: ParametersParameter = { name: 'count', valueInteger: 20 };
const ENDS = { identifier: 'urn:x', timestamp: '2026-01-01T00:00:00Z' };

function measure(name: string, rounds: number, work: (n: number) => unknown): void {
  const first = performance.now();
  work(0);
  const cold = performance.now() - first;
  for (let n = 0; n < Math.min(rounds, 2 * ASKED); n++) work(n);
  const before = process.cpuUsage();
  for (let n = 0; n < rounds; n++) work(n);
  const { user, system: kernel } = process.cpuUsage(before);
  console.log(
    `${name.padEnd(52)} ${((user + kernel) / rounds).toFixed(1).padStart(9)} us CPU warm, ${cold.toFixed(1)} ms the first time`,
  );
}

measure('lookup', 20_000, (n) => lookup(world, ask(system, text('code', code(n))), undefined));
measure('validate-code in is-a', 20_000, (n) =>
  validateCode(world, ask(isa, system, text('code', code(n))), undefined),
);
measure('subsumes', 20_000, (n) =>
  subsumes(world, ask(system, text('codeA', rf2.FINDING), text('codeB', code(n))), undefined),
);
measure('subsumes, codes not asked before', 10_000, (n) =>
  subsumes(
    world,
    ask(system, text('codeA', rf2.FINDING), text('codeB', rf2.codeOf(20_000 + n * 37))),
    undefined,
  ),
);
measure('expand is-a with text, first 20', 200, () =>
  expand(world, ask(isa, text('filter', 'acu hea'), count), undefined, ENDS),
);
const WORDS = ['inf', 'fra', 'swe', 'inj', 'pai', 'tum', 'ble', 'wea', 'atr'];
measure('expand is-a with text, another text each time', 200, (n) =>
  expand(
    world,
    ask(isa, text('filter', `${WORDS[n % 9]!} t ${(n % 36).toString(36)}`), count),
    undefined,
    ENDS,
  ),
);
measure('ECL with two refinements in a group', 50, (n) =>
  eclSet(
    index,
    `< ${rf2.FINDING} : { ${rf2.FINDING_SITE} = << ${rf2.codeOf(21 + (n % 8) * 6)}, ${rf2.ASSOCIATED_MORPHOLOGY} = << ${rf2.MORPHOLOGY} }`,
  ),
);
measure('ECL with two refinements', 50, (n) =>
  eclSet(
    index,
    `< ${rf2.FINDING} : ${rf2.FINDING_SITE} = << ${rf2.codeOf(21 + (n % 8) * 6)}, ${rf2.ASSOCIATED_MORPHOLOGY} = << ${rf2.MORPHOLOGY}`,
  ),
);
folder.close();
