/** All functions by name. https://hl7.org/fhirpath/N1/#functions, https://hl7.org/fhir/R4/fhirpath.html#functions */
import type { Callables } from '../callable.ts';
import { COLLECTIONS } from './collections.ts';
import { CONTROL } from './control.ts';
import { CONVERSION } from './conversion.ts';
import { FHIR } from './fhir.ts';
import { MATH } from './math.ts';
import { MOMENTS } from './moments.ts';
import { STRINGS } from './strings.ts';

export const FUNCTIONS: Callables = {
  ...COLLECTIONS,
  ...CONTROL,
  ...STRINGS,
  ...MATH,
  ...CONVERSION,
  ...MOMENTS,
  ...FHIR,
};
