/**
 * Reads a SNOMED CT release in RF2: the snapshot of a folder or zip, file by file, each once.
 * https://docs.snomed.org/snomed-ct-specifications/snomed-ct-release-file-specification
 */
import type { Release, ReleaseBuilder, ReleaseHead } from '../../store/concept-port.ts';
import { longMap, type LongMap } from './long-map.ts';
import { linesOf, type SourceFile } from './source.ts';

export const SNOMED = 'http://snomed.info/sct';
const IS_A = '116680003';
const FULL_NAME = '900000000000003001';
const SYNONYM = '900000000000013009';
const DEFINITION = '900000000000550004';
const PREFERRED = '900000000000548007';
const DEFINED = '900000000000073002';
const INTERNATIONAL = '900000000000207008';
const MODEL = '900000000000012004';
/** The language reference set that decides displays, where the release has it. */
const US_ENGLISH = '900000000000509007';

export interface ImportTools {
  readonly begin: (head: ReleaseHead) => ReleaseBuilder;
  /** bytes read since the last call */
  readonly tell: (bytes: number) => void;
  /** what is done once all is read */
  readonly step: (name: string) => void;
}

interface Rf2Files {
  readonly concepts: readonly SourceFile[];
  readonly descriptions: readonly SourceFile[];
  readonly languages: readonly SourceFile[];
  readonly relationships: readonly SourceFile[];
  readonly concrete: readonly SourceFile[];
  readonly refsets: readonly SourceFile[];
  readonly modules: readonly SourceFile[];
}

/** undefined: this is no RF2 release */
export function rf2Files(files: readonly SourceFile[]): Rf2Files | undefined {
  const of = (pattern: RegExp): SourceFile[] =>
    files.filter(({ name }) => pattern.test(name.split('/').at(-1)!));
  const concepts = of(/^x?sct2_Concept_\w*Snapshot[-_].*\.txt$/i);
  if (concepts.length === 0) return undefined;
  return {
    concepts,
    descriptions: of(/^x?sct2_(?:Description|TextDefinition)_\w*Snapshot[-_].*\.txt$/i),
    languages: of(/^x?der2_cRefset_Language\w*Snapshot[-_].*\.txt$/i),
    relationships: of(/^x?sct2_Relationship_\w*Snapshot[-_].*\.txt$/i),
    concrete: of(/^x?sct2_RelationshipConcreteValues_\w*Snapshot[-_].*\.txt$/i),
    refsets: of(/^x?der2_(?!cRefset_Language|ssRefset_ModuleDependency)\w*Refset_\w*Snapshot[-_].*\.txt$/i),
    modules: of(/^x?der2_ssRefset_ModuleDependency\w*Snapshot[-_].*\.txt$/i),
  };
}

export function rf2Bytes(files: Rf2Files): number {
  let sum = 0;
  for (const { bytes } of (Object.values(files) as readonly (readonly SourceFile[])[]).flat()) sum += bytes;
  return sum;
}

/** Throws an Error that names the file and line which cannot be read. */
export async function importRf2(files: Rf2Files, tools: ImportTools, edition?: string): Promise<Release> {
  const module = edition ?? (await editionOf(files.modules, tools));
  const version = `${SNOMED}/${module}/version/${dateOf(files.concepts[0]!.name)}`;
  const builder = tools.begin({ ...HEAD, version });
  try {
    const numbers = await concepts(files, builder, tools);
    const preferred = await preferences(files, tools);
    await descriptions(files, builder, numbers, preferred, tools);
    await relationships(files, builder, numbers, tools);
    await refsets(files, builder, numbers, tools);
    return await builder.finish(tools.step);
  } catch (error) {
    builder.abandon();
    throw error;
  }
}

const HEAD = {
  system: SNOMED,
  title: 'SNOMED CT',
  language: 'en',
  isCaseSensitive: true,
  copyright:
    'SNOMED CT is of SNOMED International: its use needs a licence. https://www.snomed.org/get-snomed',
  properties: [
    { code: 'inactive', type: 'boolean', description: 'Whether the concept is no longer in use' },
    { code: 'sufficientlyDefined', type: 'boolean', description: 'Whether its relationships define it' },
    { code: 'moduleId', type: 'code', description: 'The module that it is published in' },
    { code: 'effectiveTime', type: 'string', description: 'The day of its last change' },
  ],
} as const;

function dateOf(name: string): string {
  const [, date] = /_(\d{8})\.txt$/.exec(name) ?? [];
  if (date) return date;
  throw new Error(`${name}: the name of a release file ends in its date, _20240101.txt`);
}

/** The module that no other one is built on. */
async function editionOf(files: readonly SourceFile[], { tell }: ImportTools): Promise<string> {
  const builtOn = new Set<string>();
  const modules = new Set<string>();
  for (const file of files) {
    for await (const row of rowsOf(file, 6, tell)) {
      if (row[2] !== '1') continue;
      modules.add(row[3]!);
      if (row[3] !== row[5]) builtOn.add(row[5]!);
    }
  }
  const tops = [...modules].filter((one) => !builtOn.has(one) && one !== MODEL);
  return tops.length === 1 ? tops[0]! : INTERNATIONAL;
}

async function* rowsOf(
  file: SourceFile,
  columns: number,
  tell: (bytes: number) => void,
): AsyncGenerator<string[]> {
  let number = 0;
  for await (const lines of linesOf(file, tell)) {
    for (const line of lines) {
      if (number++ === 0 || line === '') continue;
      const row = line.split('\t');
      if (row.length < columns)
        throw new Error(`${file.name}, line ${number}: ${row.length} columns, not ${columns}`);
      yield row;
    }
  }
}

type Numbers = ReadonlyMap<string, number>;

async function concepts(
  { concepts: files }: Rf2Files,
  builder: ReleaseBuilder,
  { tell }: ImportTools,
): Promise<Numbers> {
  const numbers = new Map<string, number>();
  for (const file of files) {
    for await (const [code, time, active, module, status] of rowsOf(file, 5, tell)) {
      if (numbers.has(code!)) continue;
      const number = builder.concept({
        code: code!,
        isInactive: active !== '1',
        properties: [
          ['moduleId', module!],
          ['effectiveTime', time!],
          ['sufficientlyDefined', String(status === DEFINED)],
        ],
      });
      numbers.set(code!, number);
    }
  }
  return numbers;
}

const MAIN = 1;
const OTHER = 2;

/** Descriptions that are preferred: in the main language reference set, in another one. */
async function preferences({ languages }: Rf2Files, { tell }: ImportTools): Promise<LongMap> {
  const preferred = longMap();
  for (const file of languages) {
    for await (const row of rowsOf(file, 7, tell)) {
      if (row[2] !== '1' || row[6] !== PREFERRED) continue;
      preferred.add(BigInt(row[5]!), row[4] === US_ENGLISH ? MAIN : OTHER);
    }
  }
  return preferred;
}

async function descriptions(
  { descriptions: files }: Rf2Files,
  builder: ReleaseBuilder,
  numbers: Numbers,
  preferred: LongMap,
  { tell }: ImportTools,
): Promise<void> {
  for (const file of files) {
    for await (const row of rowsOf(file, 9, tell)) {
      const number = numbers.get(row[4]!);
      if (row[2] !== '1' || number === undefined) continue;
      const use = row[6]!;
      builder.designation(number, rankOf(use, preferred.get(BigInt(row[0]!))), row[5]!, use, row[7]!);
    }
  }
}

/** The preferred synonym is what is shown; the full name where there is none. */
function rankOf(use: string, preference: number): number {
  if (use === SYNONYM && preference & MAIN) return 0;
  if (use === SYNONYM && preference & OTHER) return 1;
  if (use === FULL_NAME) return 2;
  return use === DEFINITION ? 9 : 3;
}

async function relationships(
  files: Rf2Files,
  builder: ReleaseBuilder,
  numbers: Numbers,
  { tell }: ImportTools,
): Promise<void> {
  for (const file of files.relationships) {
    for await (const row of rowsOf(file, 8, tell)) {
      const [source, target] = [numbers.get(row[4]!), numbers.get(row[5]!)];
      if (row[2] !== '1' || source === undefined || target === undefined) continue;
      const type = row[7] === IS_A ? undefined : numbers.get(row[7]!);
      if (row[7] === IS_A) builder.parent(source, target);
      else if (type !== undefined) builder.relationship(source, type, target, Number(row[6]));
    }
  }
  for (const file of files.concrete) {
    for await (const row of rowsOf(file, 8, tell)) {
      const [source, type] = [numbers.get(row[4]!), numbers.get(row[7]!)];
      if (row[2] !== '1' || source === undefined || type === undefined) continue;
      builder.concrete(source, type, row[5]!, Number(row[6]));
    }
  }
}

async function refsets(
  { refsets: files }: Rf2Files,
  builder: ReleaseBuilder,
  numbers: Numbers,
  { tell }: ImportTools,
): Promise<void> {
  for (const file of files) {
    for await (const row of rowsOf(file, 6, tell)) {
      const [refset, concept] = [numbers.get(row[4]!), numbers.get(row[5]!)];
      if (row[2] === '1' && refset !== undefined && concept !== undefined) builder.member(refset, concept);
    }
  }
}
