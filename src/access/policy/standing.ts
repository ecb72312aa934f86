/** What a user is in this tenant, as the placeholders of criteria name it: their own reference, where they work and as what. https://hl7.org/fhir/R4/practitionerrole.html */
import { isObject, type JsonObject, type JsonValue } from '../../fhir/model/tree.ts';
import { ALL } from '../../fhir/search/expression.ts';
import { searchPlan } from '../../fhir/search/plan.ts';
import type { TenantStore } from '../../store/ports.ts';
import type { Grantee } from '../grantee.ts';
import { believed } from './believed.ts';
import type { Standing } from './criteria.ts';
import { isDuring, patientsRelated, treeOf } from './proxies.ts';
import type { Role } from './rule.ts';

/** One PractitionerRole that is not switched off. */
interface Work {
  readonly id: string;
  readonly practitioner: string | undefined;
  readonly organization: string | undefined;
  readonly locations: readonly string[];
  /** `system|code` */
  readonly codes: readonly string[];
  readonly period: JsonValue | undefined;
}

const MOST_ROLES = 200;
const USER = /(?:^|\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/;

/** `Practitioner/123` of a fhirUser, which may be absolute. */
export function userOf(
  fhirUser: string | undefined,
): { readonly type: string; readonly id: string } | undefined {
  const [, type, id] = USER.exec(fhirUser ?? '') ?? [];
  return type === undefined || id === undefined ? undefined : { type, id };
}

export interface Person {
  readonly standing: Standing;
  /** the work of the user that is in force now */
  work(): Promise<readonly Work[]>;
  readonly me: string | undefined;
}

export function personOf(grantee: Grantee, role: Role, store: TenantStore, clock: () => number): Person {
  const user = grantee.kind === 'ClientCredentials' ? undefined : userOf(grantee.fhirUser);
  const me = user && `${user.type}/${user.id}`;
  const work = async (): Promise<readonly Work[]> => {
    if (role !== 'practitioner' || !user) return [];
    const all = await allWork(store, user);
    return all.filter(({ period }) => isDuring(period, clock()));
  };
  const standing: Standing = async (placeholder) => {
    switch (placeholder) {
      case 'me': {
        const also =
          user?.type === 'PractitionerRole' ? (await work()).flatMap((one) => one.practitioner ?? []) : [];
        return [...new Set([...(me === undefined ? [] : [me]), ...also])];
      }
      case 'my-patient': {
        if (user?.type === 'Patient') return [me!];
        if (user?.type !== 'RelatedPerson') return [];
        return (await patientsRelated(store, user.id, clock())).map((id) => `Patient/${id}`);
      }
      case 'my-organizations':
        return [...new Set((await work()).flatMap(({ organization }) => organization ?? []))];
      case 'my-locations':
        return [...new Set((await work()).flatMap(({ locations }) => locations))];
      case 'my-roles':
        return (await work()).map(({ id }) => `PractitionerRole/${id}`);
    }
  };
  return { standing, work, me };
}

/** Periods are judged by who asks, since they end without anything being written. */
function allWork(
  store: TenantStore,
  user: { readonly type: string; readonly id: string },
): Promise<readonly Work[]> {
  const name = `work ${user.type}/${user.id}`;
  return believed(store, name, new Set(['PractitionerRole']), async () => {
    const where =
      user.type === 'PractitionerRole'
        ? ({ op: 'id', ids: [user.id] } as const)
        : ({ op: 'key', param: 'practitioner', keys: [`${user.type}/${user.id}`] } as const);
    const branches = [{ type: 'PractitionerRole', where }];
    const { resources } = await store.resources.search(
      searchPlan({ branches, count: MOST_ROLES }, () => ALL),
    );
    return resources.flatMap((stored) => workOf(stored.id, treeOf(stored)) ?? []);
  });
}

function workOf(id: string, tree: JsonObject): Work | undefined {
  if (tree['active'] === false) return undefined;
  const local = (value: JsonValue | undefined): string[] => {
    const text = isObject(value) ? value['reference'] : undefined;
    return typeof text === 'string' && /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.test(text) ? [text] : [];
  };
  const list = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
  const codes = list(tree['code']).flatMap((concept) =>
    list(isObject(concept) ? concept['coding'] : undefined).flatMap((coding) =>
      isObject(coding) && typeof coding['code'] === 'string'
        ? [`${typeof coding['system'] === 'string' ? coding['system'] : ''}|${coding['code']}`]
        : [],
    ),
  );
  return {
    id,
    practitioner: local(tree['practitioner'])[0],
    organization: local(tree['organization'])[0],
    locations: list(tree['location']).flatMap(local),
    codes,
    period: tree['period'],
  };
}
