/** Parsers of command options, each refusing in one clear line. */
import { InvalidArgumentError } from 'commander';

/** A whole number from 0. */
export function count(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('give a whole number');
  return Number(text);
}

/** A whole number from 1 to 64. */
export function parallel(text: string): number {
  const number = count(text);
  if (number < 1 || number > 64) throw new InvalidArgumentError('give 1 to 64');
  return number;
}

/** A day, `YYYY-MM-DD`. */
export function day(text: string): string {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.startsWith(text);
  if (!isDay) throw new InvalidArgumentError('give a day such as 2026-11-01');
  return text;
}

/** A FHIR base URL, without a slash at its end. */
export function baseUrl(text: string): string {
  if (!/^https?:\/\/[^/]/.test(text))
    throw new InvalidArgumentError('give a FHIR base URL such as http://localhost:8080/fhir');
  return text.replace(/\/+$/, '');
}
