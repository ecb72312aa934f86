/** meta.lastUpdated of a version, which is known only when it is committed. https://hl7.org/fhir/R4/resource.html#Meta */
import type { Write } from '../ports.ts';

/** Overwrites the 24 characters of meta.lastUpdated; a second attempt overwrites them again. */
export function stamp({ content }: Write, instant: number): void {
  if (!content || content.stampAt < 0) return;
  const { buffer, byteOffset } = content.body;
  Buffer.from(buffer, byteOffset + content.stampAt, 24).write(new Date(instant).toISOString(), 'latin1');
}
