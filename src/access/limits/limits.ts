/**
 * How often one may ask: an address in all, an address at what begins or ends access (sign-in, tokens, registration, forms), and a client, which is an app in
 * one person's hands or a service. https://www.rfc-editor.org/rfc/rfc6585#section-4
 */
import { fault, FhirError } from '../../fhir/model/outcome.ts';
import type { Who } from '../audit/note.ts';
import { meter, meterMemory, type Rule } from './meter.ts';

export interface LimitSettings {
  /** `auto`: nobody who comes from this machine itself is limited */
  readonly rateLimits: 'auto' | 'on' | 'off';
  /** requests a minute; 0: any number */
  readonly addressLimit: number;
  readonly formLimit: number;
  readonly clientLimit: number;
}

/** Whole seconds to wait; 0: go on. */
export interface RequestLimits {
  readonly address: (network: string) => number;
  readonly form: (network: string) => number;
  /** Throws FhirError 429. `network`: where the request comes from */
  readonly client: (tenant: string, who: Who, network: string) => void;
}

/** What comes in a rush, such as the start of an app, is let pass: so much of a minute's worth. */
const BURST = 1 / 4;

const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|0:0:0:0::\/64|)$/;

export function requestLimits(
  settings: LimitSettings,
  memory: SharedArrayBuffer = meterMemory(),
  now: () => number = Date.now,
): RequestLimits {
  const { rateLimits, addressLimit, formLimit, clientLimit } = settings;
  const { take } = meter(memory);
  const isFree = (network: string): boolean =>
    rateLimits === 'off' || (rateLimits === 'auto' && LOOPBACK.test(network));
  const wait = (key: string, perMinute: number, network: string): number =>
    perMinute === 0 || isFree(network) ? 0 : Math.ceil(take(key, ruleOf(perMinute), now()) / 1000);
  return {
    address: (network) => wait(`a ${network}`, addressLimit, network),
    form: (network) => wait(`f ${network}`, formLimit, network),
    client: (tenant, { clientId, accountId }, network) => {
      if (clientId === undefined) return;
      const seconds = wait(`c ${tenant} ${clientId} ${accountId ?? ''}`, clientLimit, network);
      if (seconds > 0) throw throttled(seconds);
    },
  };
}

const ruleOf = (perMinute: number): Rule => ({ perMinute, burst: Math.max(1, Math.ceil(perMinute * BURST)) });

/** The refusal of a FHIR request that comes too soon. */
export function throttled(seconds: number): FhirError {
  const refusal = fault('throttled', `Too many requests: send the next one in ${inWords(seconds)}`);
  return new FhirError(refusal.status, refusal.issues, { 'retry-after': String(seconds) });
}

export const inWords = (seconds: number): string => (seconds === 1 ? '1 second' : `${seconds} seconds`);
