/** URIs that are UUIDs or OIDs have the form of one. https://hl7.org/fhir/R4/datatypes.html#uri */
import { report, type Check } from './finding.ts';

export const urnCheck: Check = (node, run) => {
  const { value } = node;
  if (typeof value !== 'string' || !value.startsWith('urn:') || isUrn(value)) return;
  const text = `"${value.slice(0, 80)}" is no UUID in lower case and no OID, though it begins like one`;
  report(run, node, { severity: run.strictness.urn, code: 'value', text });
};

function isUrn(text: string): boolean {
  if (text.startsWith('urn:uuid:')) return UUID.test(text);
  return !text.startsWith('urn:oid:') || OID.test(text);
}

const UUID = /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:#.*)?$/;
const OID = /^urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+$/;
