/** Times, ages and people as one says them, from what FHIR writes. https://hl7.org/fhir/R4/datatypes.html#dateTime */

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:T(\d\d:\d\d)(?::[\d.]+)?(Z|[+-]\d\d:\d\d)?)?$/;
const DAY_MS = 86_400_000;

/** `3 March 2024, 14:05`, `March 2024`, `2024`: the clock as the record has it. A text that is no date comes back as it is. */
export function sayDate(text: string): string {
  const [, year, month, day, time, zone] = DATE.exec(text) ?? [];
  if (year === undefined) return text;
  const name = month === undefined ? undefined : MONTHS[Number(month) - 1];
  const date = [day === undefined ? undefined : Number(day), name, year]
    .filter((part) => part !== undefined)
    .join(' ');
  return time === undefined ? date : `${date}, ${time}${zone === 'Z' ? ' UTC' : ''}`;
}

/** `7 years`, `14 months`, `5 days`; undefined where the date is later than now or too vague. Whole years only from a year alone. */
export function sayAge(birthDate: string, now: number): string | undefined {
  const [, year, month, day] = DATE.exec(birthDate) ?? [];
  if (year === undefined) return undefined;
  const today = new Date(now);
  const months =
    (today.getUTCFullYear() - Number(year)) * 12 +
    (month === undefined ? 0 : today.getUTCMonth() + 1 - Number(month)) -
    (day !== undefined && today.getUTCDate() < Number(day) ? 1 : 0);
  if (months < 0) return undefined;
  if (months >= 24) return `${Math.floor(months / 12)} years`;
  if (month === undefined) return undefined;
  if (months >= 1) return count(months, 'month');
  return day === undefined
    ? undefined
    : count(Math.floor((now - Date.parse(birthDate.slice(0, 10))) / DAY_MS), 'day');
}

/** `1 month`, `3 months` */
export const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;

/** `a, b and c` */
export function list(parts: readonly string[], last = 'and'): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} ${last} ${parts.at(-1)}`;
}

/** `Maya Chen’s`, `James’` */
export const possessive = (name: string): string => (/s$/i.test(name) ? `${name}’` : `${name}’s`);

/** What tells two people of one name apart: `female · 7 years · born 3 March 2019`. */
export function sayPerson(
  person: { readonly birthDate?: string; readonly sex?: string },
  now: number,
): string {
  const { birthDate, sex } = person;
  const age = birthDate === undefined ? undefined : sayAge(birthDate, now);
  const born = birthDate === undefined ? 'birth date not known' : `born ${sayDate(birthDate)}`;
  return [sex === 'unknown' ? undefined : sex, age, born]
    .filter((part) => part !== undefined && part !== '')
    .join(' · ');
}

/** `Maya Chen, 7 years`: for a choice among a few */
export function sayBriefly(
  person: { readonly name: string; readonly birthDate?: string },
  now: number,
): string {
  const age = person.birthDate === undefined ? undefined : sayAge(person.birthDate, now);
  return age === undefined ? person.name : `${person.name}, ${age}`;
}
