/** Variants of a request by small cuts and pastes of its bytes: cheap, and the same for the same seed. https://github.com/cprosche/mulberry32 */
import type { HttpRequest } from '../../property/http/material.ts';

/** A number from 0 up to below 1. */
export function chance(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const PIECES = [
  '',
  '%',
  '%00',
  '&',
  '=',
  '"',
  '{',
  '}',
  '[]',
  '\\u0000',
  ':',
  ',',
  '|',
  '$',
  'null',
  '-1',
  '1e9',
  'é',
  '/',
  '..',
];

function varyText(text: string, random: () => number, pieces: readonly string[]): string {
  const at = Math.floor(random() * (text.length + 1));
  const cut = random() < 0.8 ? Math.floor(random() * 4) : Math.floor(random() * text.length);
  const piece =
    random() < 0.8 ? pieces[Math.floor(random() * pieces.length)]! : text.slice(0, Math.floor(random() * 80));
  return text.slice(0, at) + piece + text.slice(at + cut);
}

/** What Node's client would refuse to send in an address is written as an escape. */
const sendable = (target: string): string =>
  target.replace(/[^\u0021-\u007e]/gu, (one) => encodeURIComponent(one.toWellFormed()));

/** The request with its address, its body or its headers changed a little. */
export function vary(sent: HttpRequest, random: () => number): HttpRequest {
  const { target, body, headers } = sent;
  const kind = random();
  if (typeof body === 'string' && kind < 0.6) return { ...sent, body: varyText(body, random, PIECES) };
  if (kind < 0.9) {
    // The first segment says what is asked: a change in it would only lead to nothing.
    const from = Math.max(1, target.indexOf('/', 1) + 1);
    return {
      ...sent,
      target: sendable(target.slice(0, from) + varyText(target.slice(from), random, PIECES)),
    };
  }
  const names = Object.keys(headers).filter((name) => name !== 'authorization' && name !== 'x-forwarded-for');
  const gone = names[Math.floor(random() * names.length)];
  return { ...sent, headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== gone)) };
}
