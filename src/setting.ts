/** What a setting's text may be: parsers of one value each, which say in one line what is wrong and what would be right. */
import { isAllowEntry } from './access/egress/addresses.ts';

export class ConfigError extends Error {}

export type StoreSetting =
  { readonly kind: 'sqlite'; readonly location: string } | { readonly kind: 'mongo'; readonly url: string };

const LOOPBACK_NAME = /^(localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/;

/** A host name or address that only this machine can reach. */
export const isLoopback = (host: string): boolean => LOOPBACK_NAME.test(host);

export function whole(least: number, most: number) {
  return (text: string, name: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new ConfigError(`${name} is "${text}": give a whole number from ${least} to ${most}`);
  };
}

export function oneOf<const T extends string>(...words: T[]) {
  return (text: string, name: string): T => {
    if ((words as string[]).includes(text)) return text as T;
    throw new ConfigError(`${name} is "${text}": give one of ${words.join(', ')}`);
  };
}

export function store(text: string, name: string): StoreSetting {
  if (/^sqlite:./.test(text)) return { kind: 'sqlite', location: text.slice('sqlite:'.length) };
  if (/^mongodb(\+srv)?:\/\//.test(text)) return { kind: 'mongo', url: text };
  throw new ConfigError(`${name} is "${text}": give sqlite:FOLDER, sqlite::memory: or mongodb://…`);
}

export function origin(text: string, name: string): string {
  if (!URL.canParse(text) || !/^https?:/.test(text)) {
    throw new ConfigError(
      `${name} is "${text}": give the origin that clients see, such as https://fhir.example.org`,
    );
  }
  return text.replace(/\/+$/, '');
}

export function hosts(text: string, name: string): readonly string[] {
  const entries = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  const wrong = entries.find((one) => !isAllowEntry(one));
  if (wrong === undefined) return entries;
  throw new ConfigError(
    `${name} holds "${wrong}": give host names, addresses or networks such as 10.1.0.0/16, with commas between`,
  );
}

/** Addresses with commas between. */
export function addresses(text: string, name: string): readonly string[] {
  const all = text.split(',').map((one) => one.trim());
  const wrong = all.find((one) => !URL.canParse(one) || !/^https?:$/.test(new URL(one).protocol));
  if (wrong === undefined) return all;
  throw new ConfigError(
    `${name} holds "${wrong}": give addresses such as https://packages.fhir.org, with commas between`,
  );
}

export function issuer(text: string, name: string): string {
  if (text === '' || (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol))) return text;
  throw new ConfigError(
    `${name} is "${text}": give the issuer letter by letter, such as https://login.example.org`,
  );
}

export const flag = (text: string, name: string): boolean => oneOf('on', 'off')(text, name) === 'on';
