/** Many codes judged by one request: what is said once counts for each, and each may say it anew. https://build.fhir.org/ig/HL7/fhir-tx-ecosystem-ig/ */
import type { Parameters, ParametersParameter } from '@medplum/fhirtypes';
import { TxRefusal } from './issue.ts';

const MOST = 1000;

/** `one` judges a single question. Throws TxRefusal for too many. */
export function batchValidate(parameters: Parameters, one: (asked: Parameters) => Parameters): Parameters {
  const all = parameters.parameter ?? [];
  const asked = all.filter(({ name }) => name === 'validation');
  if (asked.length > MOST) {
    const text = `${asked.length} validations are too many for one request: send ${MOST} at most`;
    throw new TxRefusal(422, { code: 'too-costly', text, message: 'BATCH_TOO_LARGE' });
  }
  const shared = all.filter(({ name }) => name !== 'validation');
  return {
    resourceType: 'Parameters',
    parameter: asked.map(({ resource }): ParametersParameter => ({
      name: 'validation',
      resource: judged((resource as Parameters | undefined)?.parameter ?? [], shared, one),
    })),
  };
}

function judged(
  own: readonly ParametersParameter[],
  shared: readonly ParametersParameter[],
  one: (asked: Parameters) => Parameters,
) {
  const names = new Set(own.map(({ name }) => name));
  const parameter = [...shared.filter(({ name }) => name === 'tx-resource' || !names.has(name)), ...own];
  try {
    return one({ resourceType: 'Parameters', parameter });
  } catch (error) {
    if (!(error instanceof TxRefusal)) throw error;
    return { resourceType: 'OperationOutcome' as const, issue: [error.issue] };
  }
}
