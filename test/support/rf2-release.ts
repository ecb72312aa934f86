/**
 * Makes a release in RF2 with invented content: a hierarchy, names, relationships in groups, numbers, a reference set. The same size gives the same release.
 * `node test/support/rf2-release.ts FOLDER CONCEPTS` writes one to look at or to import.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = '138875005';
export const IS_A = '116680003';
export const FINDING = '404684003';
export const BODY = '123037004';
export const MORPHOLOGY = '49755003';
export const SUBSTANCE = '105590001';
export const FINDING_SITE = '363698007';
export const ASSOCIATED_MORPHOLOGY = '116676008';
export const STRENGTH = '1142135004';
export const REFSET = '700043003';
export const MODULE = '900000000000207008';
export const DATE = '20250101';

/** Concepts that the standard names, with their parents. */
const FIXED: readonly (readonly [code: string, name: string, parent?: string])[] = [
  [ROOT, 'Invented concept'],
  [FINDING, 'Invented finding', ROOT],
  [BODY, 'Invented body structure', ROOT],
  [MORPHOLOGY, 'Invented abnormal shape', BODY],
  [SUBSTANCE, 'Invented substance', ROOT],
  ['900000000000441003', 'Model component', ROOT],
  ['106237007', 'Linkage concept', '900000000000441003'],
  ['410662002', 'Concept model attribute', '106237007'],
  [IS_A, 'Is a', '106237007'],
  [FINDING_SITE, 'Finding site', '410662002'],
  [ASSOCIATED_MORPHOLOGY, 'Associated morphology', '410662002'],
  [STRENGTH, 'Has presentation strength numerator value', '410662002'],
  ['900000000000455006', 'Reference set', '900000000000441003'],
  [REFSET, 'Invented reference set', '900000000000455006'],
];
const FIRST = [
  'acute',
  'chronic',
  'severe',
  'mild',
  'recurrent',
  'primary',
  'secondary',
  'congenital',
  'diffuse',
  'focal',
];
const SECOND = [
  'inflammation',
  'fracture',
  'swelling',
  'injury',
  'pain',
  'tumour',
  'bleeding',
  'weakness',
  'infection',
  'atrophy',
];
const THIRD = [
  'heart',
  'lung',
  'liver',
  'kidney',
  'bone',
  'skin',
  'nerve',
  'muscle',
  'vein',
  'ear',
  'eye',
  'hand',
  'foot',
];

/** Numbers that look random and are the same every time. https://en.wikipedia.org/wiki/Linear_congruential_generator */
function dice(): (sides: number) => number {
  let state = 12345;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

export const codeOf = (n: number): string => (n < FIXED.length ? FIXED[n]![0] : `${10_000_000 + n}004`);

/** Which branch a concept without a fixed code is in. */
const BRANCHES = [FINDING, FINDING, FINDING, BODY, MORPHOLOGY, SUBSTANCE];

export const RF2_NAMES = [
  'Concept',
  'Description',
  'Language',
  'Relationship',
  'RelationshipConcreteValues',
  'Simple',
] as const;

/** Writes `count` concepts (at least 20) below `folder` as a snapshot. */
export function writeRf2(folder: string, count: number): void {
  const terminology = join(folder, 'Snapshot', 'Terminology');
  const refset = join(folder, 'Snapshot', 'Refset');
  for (const path of [terminology, refset]) mkdirSync(path, { recursive: true });
  const concept = writer(
    join(terminology, `sct2_Concept_Snapshot_INT_${DATE}.txt`),
    'id effectiveTime active moduleId definitionStatusId',
  );
  const description = writer(
    join(terminology, `sct2_Description_Snapshot-en_INT_${DATE}.txt`),
    'id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId',
  );
  const relation =
    'id effectiveTime active moduleId sourceId destinationId relationshipGroup typeId characteristicTypeId modifierId';
  const relationship = writer(join(terminology, `sct2_Relationship_Snapshot_INT_${DATE}.txt`), relation);
  const concrete = writer(
    join(terminology, `sct2_RelationshipConcreteValues_Snapshot_INT_${DATE}.txt`),
    relation.replace('destinationId', 'value'),
  );
  const language = writer(
    join(refset, `der2_cRefset_LanguageSnapshot-en_INT_${DATE}.txt`),
    'id effectiveTime active moduleId refsetId referencedComponentId acceptabilityId',
  );
  const simple = writer(
    join(refset, `der2_Refset_SimpleSnapshot_INT_${DATE}.txt`),
    'id effectiveTime active moduleId refsetId referencedComponentId',
  );
  const roll = dice();
  let described = 0;
  let related = 0;
  const head = (id: string): string => `${id}\t${DATE}\t1\t${MODULE}`;
  const name = (code: string, type: string, term: string, isPreferred: boolean): void => {
    const id = `${++described}012`;
    description.line(`${head(id)}\t${code}\ten\t${type}\t${term}\t900000000000448009`);
    language.line(
      `${head(`l${described}`)}\t900000000000509007\t${id}\t${isPreferred ? '900000000000548007' : '900000000000549004'}`,
    );
  };
  const relate = (source: string, type: string, target: string, group: number): void =>
    relationship.line(
      `${head(`${++related}028`)}\t${source}\t${target}\t${group}\t${type}\t900000000000011006\t900000000000451002`,
    );
  // Concepts of each branch so far: a new one hangs below one or two of them.
  const branches = new Map<string, string[]>(BRANCHES.map((one) => [one, [one]]));
  for (let n = 0; n < count; n++) {
    const code = codeOf(n);
    const fixed = FIXED[n];
    const branch = BRANCHES[n % BRANCHES.length]!;
    const isActive = fixed !== undefined || n % 50 !== 49;
    const term = fixed
      ? fixed[1]
      : `${FIRST[roll(10)]!} ${SECOND[roll(10)]!} of ${THIRD[roll(13)]!} type ${n.toString(36)}`;
    concept.line(
      `${code}\t${DATE}\t${isActive ? 1 : 0}\t${MODULE}\t${n % 3 === 0 ? '900000000000073002' : '900000000000074008'}`,
    );
    name(code, '900000000000003001', `${term} (${branch === FINDING ? 'finding' : 'thing'})`, true);
    name(code, '900000000000013009', term, true);
    if (n % 2 === 0)
      name(code, '900000000000013009', `${THIRD[roll(13)]!} ${SECOND[roll(10)]!} number ${n}`, false);
    if (fixed) {
      if (fixed[2] !== undefined) relate(code, IS_A, fixed[2], 0);
      continue;
    }
    if (!isActive) continue;
    const known = branches.get(branch)!;
    // Six below each, and every other one below a second one: seven levels and some twenty concepts above a leaf, as in real releases.
    const above = known[Math.floor(known.length / 6)]!;
    relate(code, IS_A, above, 0);
    const second = known[roll(Math.ceil(known.length / 6))]!;
    if (n % 2 === 0 && second !== above) relate(code, IS_A, second, 0);
    if (branch === FINDING) {
      const [sites, shapes] = [branches.get(BODY)!, branches.get(MORPHOLOGY)!];
      for (let group = 1; group <= 1 + (n % 2); group++) {
        relate(code, FINDING_SITE, sites[roll(sites.length)]!, group);
        relate(code, ASSOCIATED_MORPHOLOGY, shapes[roll(shapes.length)]!, group);
      }
    }
    if (branch === SUBSTANCE)
      concrete.line(
        `${head(`${++related}028`)}\t${code}\t#${(n % 20) * 25}\t1\t${STRENGTH}\t900000000000011006\t900000000000451002`,
      );
    if (n % 100 === 14) simple.line(`${head(`s${n}`)}\t${REFSET}\t${code}`);
    known.push(code);
  }
  for (const one of [concept, description, relationship, concrete, language, simple]) one.close();
}

function writer(path: string, columns: string): { line(text: string): void; close(): void } {
  const file = openSync(path, 'w');
  let held = `${columns.replaceAll(' ', '\t')}\r\n`;
  const flush = (): void => {
    writeSync(file, held);
    held = '';
  };
  return {
    line(text) {
      held += `${text}\r\n`;
      if (held.length > 1 << 20) flush();
    },
    close() {
      flush();
      closeSync(file);
    },
  };
}

if (import.meta.main) writeRf2(process.argv[2]!, Number(process.argv[3] ?? 400_000));
