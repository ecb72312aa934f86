/**
 * Days and moments as plain numbers, and their FHIR texts in the demo's one time zone (US Eastern).
 * https://hl7.org/fhir/R4/datatypes.html#date
 */

/** Whole days since 1970-01-01. */
export type Day = number;
/** Minutes of local time since 1970-01-01T00:00. */
export type Moment = number;

const MINUTES_A_DAY = 1440;
const MILLISECONDS_A_DAY = 86_400_000;
export const DAYS_A_YEAR = 365.25;
export const DAYS_A_MONTH = DAYS_A_YEAR / 12;

/** The day of a text such as 2026-11-01. */
export function dayOf(text: string): Day {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  const day = parts ? dayFrom(Number(parts[1]), Number(parts[2]), Number(parts[3])) : NaN;
  if (!parts || dateText(day) !== text) throw new RangeError(`"${text}" is not a date: give YYYY-MM-DD`);
  return day;
}

export const dayFrom = (year: number, month: number, date: number): Day =>
  Math.floor(Date.UTC(year, month - 1, date) / MILLISECONDS_A_DAY);

const utc = (day: Day): Date => new Date(day * MILLISECONDS_A_DAY);
export const yearOf = (day: Day): number => utc(day).getUTCFullYear();
export const monthOf = (day: Day): number => utc(day).getUTCMonth() + 1;
/** 0 is Sunday. */
const weekday = (day: Day): number => utc(day).getUTCDay();

export const dayAtAge = (birth: Day, years: number): Day => birth + Math.round(years * DAYS_A_YEAR);
/** Age in years, with its fraction. */
export const ageAt = (birth: Day, day: Day): number => (day - birth) / DAYS_A_YEAR;

/** The day itself, or the Monday after a Saturday or Sunday: clinics are open on working days. */
export const workday = (day: Day): Day => day + ([1, 0, 0, 0, 0, 0, 2][weekday(day)] ?? 0);

/** The moment at an hour and minute of a day. */
export const at = (day: Day, hour: number, minute = 0): Moment => day * MINUTES_A_DAY + hour * 60 + minute;
export const dayOfMoment = (moment: Moment): Day => Math.floor(moment / MINUTES_A_DAY);

export const dateText = (day: Day): string =>
  Number.isFinite(day) ? utc(day).toISOString().slice(0, 10) : 'no day';

/** Daylight saving runs from the second Sunday of March to the first Sunday of November. */
function isSummer(day: Day): boolean {
  const year = yearOf(day);
  const sundayFrom = (first: Day): Day => first + ((7 - weekday(first)) % 7);
  return day >= sundayFrom(dayFrom(year, 3, 8)) && day < sundayFrom(dayFrom(year, 11, 1));
}

/** A dateTime (or instant) such as 2026-05-12T09:40:00-04:00. */
export function timeText(moment: Moment): string {
  const day = dayOfMoment(moment);
  const minutes = moment - day * MINUTES_A_DAY;
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:00`;
  return `${dateText(day)}T${clock}${isSummer(day) ? '-04:00' : '-05:00'}`;
}

/** For people: March 5, 2024. */
export function spokenDate(day: Day): string {
  const months =
    'January February March April May June July August September October November December'.split(' ');
  return `${months[monthOf(day) - 1]} ${utc(day).getUTCDate()}, ${yearOf(day)}`;
}

/** An age as clinicians write it: 9 days, 5 weeks, 11 months, 7 years. */
export function spokenAge(birth: Day, day: Day): string {
  const days = day - birth;
  if (days < 21) return `${days}-day-old`;
  if (days < 90) return `${Math.floor(days / 7)}-week-old`;
  if (days < 24 * DAYS_A_MONTH) return `${Math.floor(days / DAYS_A_MONTH)}-month-old`;
  return `${Math.floor(ageAt(birth, day))}-year-old`;
}
