/** What of the demo's people must never stand in a log, a metric or an error page: names, dates, identifiers, addresses. */
import { DEMO_SEED } from '../../../src/demo-wanted.ts';
import { demoRecords } from '../../../src/demo/records.ts';

/** Elements of a person that tell who it is. */
const TELLING = ['name', 'birthDate', 'deceasedDateTime', 'identifier', 'telecom', 'address', 'contact'];
const PEOPLE = ['Patient', 'RelatedPerson', 'Person'];

/** Texts of the demo's patients and their families, long enough to be theirs and nobody else's. */
export function personalTexts(patients: number): readonly string[] {
  const texts = new Set<string>();
  for (const { entry = [] } of demoRecords({ patients, seed: DEMO_SEED })) {
    for (const { resource } of entry) {
      const one = resource as unknown as Readonly<Record<string, unknown>> & {
        readonly resourceType: string;
      };
      if (PEOPLE.includes(one.resourceType)) for (const name of TELLING) collect(one[name], texts);
    }
  }
  return [...texts];
}

const LEAST = 5;
/** Systems, uses and kinds say nothing of a person. */
const PLAIN = /^(?:https?:|urn:|official|usual|mobile|phone|email|home|work|secondary|postal|temp$)/;

function collect(value: unknown, texts: Set<string>): void {
  if (typeof value === 'string') {
    if (
      value.length >= LEAST &&
      !PLAIN.test(value) &&
      !/^\d{1,6}$/.test(value) &&
      /^[\p{Lu}\d+(]/u.test(value)
    )
      texts.add(value);
  } else if (Array.isArray(value)) for (const one of value) collect(one, texts);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, one] of Object.entries(value)) {
      if (name !== 'extension' && name !== 'system' && name !== 'type' && name !== 'relationship')
        collect(one, texts);
    }
  }
}

/** Which of the personal texts stand in a text, with some of what stands around them. */
export function personalIn(text: string, personal: readonly string[]): readonly string[] {
  const lower = text.toLowerCase();
  return personal.flatMap((one) => {
    const at = lower.indexOf(one.toLowerCase());
    return at < 0 ? [] : [`"${one}" in: ${text.slice(Math.max(0, at - 120), at + 120)}`];
  });
}
