/** An Attachment says the size of what it has. https://hl7.org/fhir/R4/datatypes.html#Attachment */
import { isObject } from '../model/tree.ts';
import { report, type Check } from './finding.ts';

export const sizeCheck: Check = (node, run) => {
  if (!isObject(node.value)) return;
  const { data, size } = node.value;
  if (typeof data !== 'string' || typeof size !== 'number') return;
  const actual = Buffer.byteLength(data.replace(/\s+/g, ''), 'base64');
  if (actual === size) return;
  const text = `The size says ${size} bytes, and the data has ${actual}`;
  report(run, node, { severity: 'error', code: 'value', text });
};
