/** People and their policies, for the tests of policies. */
import type { JsonObject } from '../../../src/fhir/model/tree.ts';
import { freshId, type Api } from '../../support/api.ts';
import { policyResource, type ShortPolicy, type ShortRule } from '../../support/policy.ts';
import type { World } from './world.ts';

export interface Doctor {
  readonly me: string;
  readonly clientId: string;
  readonly client: (scope?: string) => Promise<Api>;
}

export interface People {
  readonly doctor: () => Promise<Doctor>;
  readonly store: (policy: ShortPolicy, id?: string) => Promise<string>;
  /** a doctor under a policy of their own */
  readonly under: (...rules: readonly ShortRule[]) => Promise<Doctor>;
  readonly patientWith: (more: JsonObject) => Promise<string>;
}

export function people(use: () => World): People {
  const doctor = async (): Promise<Doctor> => {
    const [id, clientId] = [freshId('doc'), freshId('client')];
    await use().put({ resourceType: 'Practitioner', id });
    const me = `Practitioner/${id}`;
    return {
      me,
      clientId,
      client: (scope = 'user/*.cruds') => use().app(scope, { clientId, extra: { fhirUser: me } }),
    };
  };
  const store = async (policy: ShortPolicy, id = freshId('policy')): Promise<string> => {
    await use().put(policyResource(id, policy));
    return id;
  };
  const under = async (...rules: readonly ShortRule[]): Promise<Doctor> => {
    const one = await doctor();
    await store({ roles: ['practitioner'], clients: [one.clientId], rules });
    return one;
  };
  const patientWith = async (more: JsonObject): Promise<string> => {
    const id = freshId('pat');
    await use().put({ resourceType: 'Patient', id, ...more });
    return id;
  };

  return { doctor, store, under, patientWith };
}
