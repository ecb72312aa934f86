/**
 * The words of a concept: which of them is shown to a person who reads these languages, and which are right for it.
 * https://hl7.org/fhir/R4/codesystem.html#designations
 */
import { speaks, type Languages } from './language.ts';
import type { Designation } from './code-system.ts';
import type { Member } from './part.ts';

export const PREFERRED = {
  system: 'http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra',
  code: 'preferredForLanguage',
  display: 'Preferred For Language',
};
const STANDARDS_STATUS = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status';

export interface Word {
  readonly value: string;
  readonly language: string | undefined;
  /** the display of the code system or of the value set, not one designation among others */
  readonly isDisplay: boolean;
  readonly designation?: Designation;
  /** `withdrawn`: no longer to be used */
  readonly status?: string;
}

/** All words of a member, the display first. What the value set says stands before what the code system does. */
export function wordsOf({ concept, graph, listed, contains }: Member): readonly Word[] {
  const language = graph?.resource.language;
  const displays = [listed?.display ?? contains?.display, concept?.display].filter(
    (one) => one !== undefined,
  );
  const designations = [
    ...(listed?.designation ?? []),
    ...(contains?.designation ?? []),
    ...(concept?.designations ?? []),
  ];
  return [
    ...[...new Set(displays)].map((value): Word => ({ value, language, isDisplay: true })),
    ...designations
      .filter(({ value }) => value !== undefined)
      .map((designation): Word => {
        const status = designation.extension?.find(({ url }) => url === STANDARDS_STATUS)?.valueCode;
        const { value, language: own } = designation;
        return {
          value,
          language: own,
          isDisplay: false,
          designation,
          ...(status !== undefined && { status }),
        };
      }),
  ];
}

export const isSame = (a: Word, b: Word): boolean => a.value === b.value && a.language === b.language;
export const isWithdrawn = ({ status }: Word): boolean => status === 'withdrawn' || status === 'deprecated';

/** The word to show; undefined: there is none in these languages, and none may stand in. */
export function displayOf(member: Member, languages: Languages | undefined): Word | undefined {
  const words = wordsOf(member).filter((word) => !isWithdrawn(word));
  const fallback = words.find(({ isDisplay }) => isDisplay);
  if (!languages || languages.wanted.length === 0) return fallback;
  for (const wanted of languages.wanted) {
    const exact = words.find(({ language }) => language?.toLowerCase() === wanted.toLowerCase());
    const found = exact ?? words.find(({ language }) => speaks(language, wanted));
    if (found) return found;
  }
  if (!languages.isHard) return fallback;
  // A code system that does not say its language may be in this one.
  return fallback?.language === undefined ? fallback : undefined;
}

/** Words that a person may write for the code when they write one of these languages; all of them where no language is asked. */
export function wordsIn(member: Member, languages: Languages | undefined): readonly Word[] {
  const words = wordsOf(member).filter((word) => !isWithdrawn(word) && isName(word));
  if (!languages || languages.wanted.length === 0) return words;
  return words.filter(
    ({ language, isDisplay }) =>
      (isDisplay && language === undefined) || languages.wanted.some((wanted) => speaks(language, wanted)),
  );
}

/** Uses by which a designation is a name of its concept: none said, a display, and SNOMED CT's names. */
const NAMES: readonly string[] = [
  'display',
  'preferredForLanguage',
  '900000000000013009',
  '900000000000003001',
];

/** A designation for another use (a definition, an abbreviation for printing) is no name of its concept. */
const isName = ({ designation }: Word): boolean =>
  designation?.use?.code === undefined || NAMES.includes(designation.use.code);

/** Case and spaces make no other word. */
export const sameWord = (a: string, b: string): boolean => normal(a) === normal(b);
const normal = (text: string): string => text.trim().replace(/\s+/g, ' ').toLowerCase();
