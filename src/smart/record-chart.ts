/** The chart that the pickers look into, read by FHIR interactions under the user's own access. https://hl7.org/fhir/R4/http.html */
import type { AccessContext } from '../access/context.ts';
import { parseJson, toPlain } from '../fhir/model/json.ts';
import type { JsonObject } from '../fhir/model/tree.ts';
import { dispatch } from '../rest/dispatch.ts';
import type { TenantRecord } from '../rest/record.ts';
import type { FhirResponse } from '../rest/request.ts';
import type { Chart, ChartUser, EncounterView, PatientSearch } from './chart.ts';
import type { PersonView } from './pages.ts';

export interface ChartOptions {
  readonly record: () => Promise<TenantRecord>;
  /** what the user may see, apart from any app */
  readonly access: (user: ChartUser) => Promise<AccessContext>;
  readonly baseUrl: string;
}

const ID = /^[A-Za-z0-9\-.]{1,64}$/;
const BIRTH_DATE = /^\d{4}(?:-\d{2}(?:-\d{2})?)?$/;
type Query = readonly (readonly [string, string])[];

export function recordChart(options: ChartOptions): Chart {
  const get = (user: ChartUser, path: readonly string[], query: Query): Promise<JsonObject | undefined> =>
    ask(options, user, path, query);
  return {
    patients: async (user, search) => {
      const found = resourcesOf(await get(user, ['Patient'], patientQuery(search)));
      const patients = found.slice(0, search.count).map(personOf);
      return { patients, more: found.length > search.count };
    },
    patient: async (user, id) => {
      const patient = ID.test(id) ? await get(user, ['Patient', id], []) : undefined;
      return patient && personOf(patient as unknown as Patient);
    },
    encounters: async (user, patient, count) => {
      const query: Query = [
        ['patient', patient],
        ['_sort', '-date'],
        ['_count', String(count)],
      ];
      return resourcesOf(await get(user, ['Encounter'], query)).map(encounterOf);
    },
    encounter: async (user, patient, id) => {
      if (!ID.test(id)) return undefined;
      const query: Query = [
        ['_id', id],
        ['patient', patient],
      ];
      const [found] = resourcesOf(await get(user, ['Encounter'], query));
      return found && encounterOf(found);
    },
  };
}

function patientQuery({ text, count }: PatientSearch): Query {
  const asked: Query =
    text === undefined
      ? []
      : BIRTH_DATE.test(text)
        ? [['birthdate', text]]
        : text.split(/\s+/).map((word) => ['name', escaped(word)] as const);
  return [...asked, ['_sort', 'family,given'], ['_count', String(count + 1)]];
}

/** https://hl7.org/fhir/R4/search.html#escaping */
const escaped = (word: string): string => word.replace(/[\\$,|]/g, '\\$&');

export async function ask(
  { record, access, baseUrl }: ChartOptions,
  user: ChartUser,
  path: readonly string[],
  query: Query,
): Promise<JsonObject | undefined> {
  const request = { method: 'GET', path, query, headers: {}, baseUrl, id: 'picker' } as const;
  const { response, failure } = await dispatch(await record(), await access(user), request);
  if (failure !== undefined) throw new Error('the record could not be read', { cause: failure });
  return response.status === 200 ? treeOf(response) : undefined;
}

function treeOf({ body }: FhirResponse): JsonObject | undefined {
  if (body?.kind === 'tree') return body.tree;
  const bytes = body?.kind === 'bytes' ? [body.bytes] : (body?.pieces ?? []);
  return bytes.length === 0
    ? undefined
    : (toPlain(parseJson(Buffer.concat(bytes).toString('utf8'))) as JsonObject);
}

interface Name {
  readonly text?: string;
  readonly family?: string;
  readonly given?: readonly string[];
  readonly use?: string;
}

interface Patient {
  readonly id: string;
  readonly name?: readonly Name[];
  readonly birthDate?: string;
  readonly gender?: string;
}

interface Encounter {
  readonly id: string;
  readonly status: string;
  readonly type?: readonly {
    readonly text?: string;
    readonly coding?: readonly { readonly display?: string }[];
  }[];
  readonly class?: { readonly display?: string; readonly code?: string };
  readonly period?: { readonly start?: string };
  readonly serviceProvider?: { readonly display?: string };
  readonly location?: readonly { readonly location?: { readonly display?: string } }[];
}

export function resourcesOf(bundle: JsonObject | undefined): (Patient & Encounter)[] {
  const entries = (bundle?.['entry'] ?? []) as unknown as {
    resource: Patient & Encounter;
    search?: { mode?: string };
  }[];
  return entries.filter(({ search }) => search?.mode !== 'outcome').map(({ resource }) => resource);
}

function personOf({ id, name, birthDate, gender }: Patient): PersonView {
  return {
    id,
    name: nameOf(name) || `Patient ${id}`,
    ...(birthDate !== undefined && { birthDate }),
    ...(gender !== undefined && { sex: gender }),
  };
}

/** As people write it: the usual name, given names first. */
function nameOf(names: readonly Name[] | undefined): string {
  const name = names?.find(({ use }) => use === 'official' || use === 'usual') ?? names?.[0];
  if (!name) return '';
  return name.text ?? [...(name.given ?? []), name.family].filter(Boolean).join(' ');
}

function encounterOf({
  id,
  status,
  type,
  class: kind,
  period,
  serviceProvider,
  location,
}: Encounter): EncounterView {
  const label = type?.[0]?.text ?? type?.[0]?.coding?.[0]?.display ?? kind?.display ?? kind?.code ?? 'Visit';
  const place = location?.[0]?.location?.display ?? serviceProvider?.display;
  return {
    id,
    label,
    status,
    ...(period?.start !== undefined && { start: period.start }),
    ...(place !== undefined && { place }),
  };
}
