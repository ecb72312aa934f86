/** Whether a name is right for a code in the languages that were asked for, and what would be. https://hl7.org/fhir/R4/valueset-operation-validate-code.html */
import type { Member } from './part.ts';
import type { TxIssue } from './issue.ts';
import type { Question } from './question.ts';
import { isWithdrawn, sameWord, wordsIn, wordsOf, type Word } from './words.ts';

/** undefined: it is right, or there is no name to hold it against. */
export function displayIssue(
  member: Member,
  display: string,
  languages: Question['languages'],
  isLenient: boolean,
): TxIssue | undefined {
  const right = wordsIn(member, languages);
  if (right.some(({ value }) => sameWord(value, display))) return undefined;
  const all = wordsIn(member, undefined);
  if (all.length === 0) return undefined;
  const severity = isLenient ? 'warning' : 'error';
  const name = `${member.system}#${member.code}`;
  const asked = languages && languages.wanted.length > 0 ? languages.text : '--';
  if (wordsOf(member).some((word) => isWithdrawn(word) && sameWord(word.value, display)))
    return withdrawn(member, display, right);
  if (right.length === 0) {
    const usual = all.filter(({ language }) => language === all[0]!.language);
    if (usual.some(({ value }) => sameWord(value, display))) {
      const text = `There are no valid display names found for the code ${name} for language(s) '${asked}'. The display is '${display}' which is a valid display for the default language`;
      return {
        severity: 'information',
        kind: 'invalid-display',
        text,
        message: 'NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_OK',
      };
    }
    const text = `Wrong Display Name '${display}' for ${name}. There are no valid display names found for language(s) '${asked}'. Default display is '${all[0]!.value}'`;
    return { severity, kind: 'invalid-display', text, message: 'NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_ERR' };
  }
  const text = `Wrong Display Name '${display}' for ${name}. Valid display is ${choices(right)} (for the language(s) '${asked}')`;
  return {
    severity,
    kind: 'invalid-display',
    text,
    message: 'Display_Name_for__should_be_one_of__instead_of',
  };
}

function withdrawn({ code, concept }: Member, display: string, right: readonly Word[]): TxIssue {
  const status =
    concept?.source.extension?.find(({ url }) => url?.endsWith('/structuredefinition-standards-status'))
      ?.valueCode ?? 'deprecated';
  const text = `'${display}' is no longer considered a correct display for code '${code}' (status = ${status}). The correct display is one of ${right.map(({ value }) => `"${value}"`).join(', ')}.`;
  return { severity: 'warning', kind: 'display-comment', text, message: 'INACTIVE_DISPLAY_FOUND' };
}

function choices(words: readonly Word[]): string {
  const said = [
    ...new Set(
      words.map(({ value, language }) => `'${value}'${language === undefined ? '' : ` (${language})`}`),
    ),
  ];
  if (said.length === 1) return said[0]!;
  return `one of ${said.length} choices: ${said.slice(0, -1).join(', ')} or ${said.at(-1)}`;
}
