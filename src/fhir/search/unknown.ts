/** Parameters that are not known, which strict handling refuses and lenient handling leaves out. https://hl7.org/fhir/R4/search.html#errors */
import { FhirError, issue, type Fault } from '../model/outcome.ts';

/** A parameter that is not known here, or not served: lenient handling ignores it. */
export class UnknownParameter extends FhirError {
  constructor(name: Fault, text: string, at: string) {
    super(400, [issue(name, text, at)]);
  }
}

/** A parameter name as an error shows it. */
export const shown = (name: string): string => name.slice(0, 64).replace(/[^\x20-\x7e]/g, '?');
