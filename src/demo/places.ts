/** The shared network: organizations, places, practitioners and their roles, and how other files point to them. */
import type {
  Address,
  Endpoint,
  Identifier,
  Location,
  Organization,
  Practitioner,
  PractitionerRole,
  Reference,
} from '@medplum/fhirtypes';
import { link, openChart, put } from './chart.ts';
import type { Chart } from './chart.ts';
import { NAMESPACES, SYSTEMS, usCore } from './codes.ts';
import { concept, email, narrative, phone } from './datatypes.ts';
import { rngOf } from './rng.ts';
import type { Key } from './rng.ts';
import { LOCATIONS, ORGANIZATIONS, PRACTITIONERS } from './tables/network.ts';
import type {
  LocationKey,
  LocationRow,
  OrganizationKey,
  OrganizationRow,
  PractitionerKey,
  PractitionerRow,
} from './tables/network.ts';
import { TOWNS } from './tables/names.ts';

const SCOPE = 'network';

/** The chart of everything that is shared by all records of a seed. */
export const openNetwork = (seed: number): Chart => openChart(seed, SCOPE);

const rowOf = <T extends { readonly key: string }>(rows: readonly T[], key: string): T =>
  rows.find((row) => row.key === key)!;

export const organizationRow = (key: OrganizationKey): OrganizationRow => rowOf(ORGANIZATIONS, key);
export const practitionerRow = (key: PractitionerKey): PractitionerRow => rowOf(PRACTITIONERS, key);
export const locationRow = (key: LocationKey): LocationRow => rowOf(LOCATIONS, key);

export const spokenPractitioner = (key: PractitionerKey): string => {
  const { given, family, suffix } = practitionerRow(key);
  return `${given} ${family}, ${suffix}`;
};

export const organization = (seed: number, key: OrganizationKey): Reference<Organization> =>
  link(openNetwork(seed), 'Organization', key, organizationRow(key).name);

export const practitioner = (seed: number, key: PractitionerKey): Reference<Practitioner> =>
  link(openNetwork(seed), 'Practitioner', key, spokenPractitioner(key));

export const practitionerRole = (seed: number, key: PractitionerKey): Reference<PractitionerRole> =>
  link(openNetwork(seed), 'PractitionerRole', key, spokenPractitioner(key));

export const location = (seed: number, key: LocationKey): Reference<Location> =>
  link(openNetwork(seed), 'Location', key, locationRow(key).name);

/** A number in the form of an NPI with its check digit (Luhn over 80840 and nine digits). Real ones begin with 1 or 2; these begin with 9. */
export function exampleNpi(...keys: readonly Key[]): string {
  const nine = `9${String(rngOf('npi', ...keys).int(0, 99_999_999)).padStart(8, '0')}`;
  const sum = [...`80840${nine}`].reverse().reduce((total, digit, index) => {
    const value = index % 2 === 0 ? Number(digit) * 2 : Number(digit);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return `${nine}${(10 - (sum % 10)) % 10}`;
}

const npi = (...keys: readonly Key[]): Identifier => ({ system: SYSTEMS.npi, value: exampleNpi(...keys) });

function addressOf({ line, town }: OrganizationRow): Address {
  const { city, state, postalCode } = TOWNS[town]!;
  return { use: 'work', line: [line], city, state, postalCode, country: 'US' };
}

const phoneOf = (row: OrganizationRow, extension: number) =>
  phone(`(${TOWNS[row.town]!.areaCode}) 555-01${String(extension).padStart(2, '0')}`, 'work');

const ORGANIZATION_TYPES: Readonly<Record<OrganizationRow['type'], string>> = {
  prov: 'Healthcare Provider',
  dept: 'Hospital Department',
  pay: 'Payer',
  ins: 'Insurance Company',
  other: 'Other',
};

function writeOrganization(chart: Chart, row: OrganizationRow, index: number): void {
  const identifier: Identifier[] = [
    npi('organization', row.key),
    { system: NAMESPACES.taxId, value: `00-000${String(index + 1).padStart(4, '0')}` },
    ...(row.clia === undefined ? [] : [{ system: NAMESPACES.clia, value: row.clia }]),
    ...(row.naic === undefined ? [] : [{ system: NAMESPACES.naic, value: row.naic }]),
  ];
  const address = addressOf(row);
  put<Organization>(
    chart,
    row.key,
    {
      resourceType: 'Organization',
      identifier,
      active: true,
      type: [concept(['organizationType', row.type, ORGANIZATION_TYPES[row.type]])],
      name: row.name,
      telecom: [phoneOf(row, index), email(`front-desk@${row.key}.example.org`, 'work')],
      address: [address],
      ...(row.partOf && { partOf: organization(chart.seed, row.partOf) }),
      ...(row.key === 'hospital' && { endpoint: [link(chart, 'Endpoint', 'direct')] }),
    },
    {
      profile: usCore('us-core-organization'),
      text: narrative(
        row.name,
        `${row.line}, ${address.city ?? ''}, ${address.state ?? ''} ${address.postalCode ?? ''}`,
      ),
    },
  );
}

function writeLocation(chart: Chart, row: LocationRow, index: number): void {
  const home = organizationRow(row.at);
  put<Location>(
    chart,
    row.key,
    {
      resourceType: 'Location',
      identifier: [{ system: NAMESPACES.taxId, value: `site-${row.key}` }],
      status: 'active',
      name: row.name,
      mode: 'instance',
      type: [concept(['roleCode', ...row.type])],
      telecom: [phoneOf(home, 30 + index)],
      address: addressOf(home),
      physicalType: concept(['physicalType', ...row.form]),
      managingOrganization: organization(chart.seed, row.at),
    },
    { profile: usCore('us-core-location'), text: narrative(row.name) },
  );
}

function writePractitioner(chart: Chart, row: PractitionerRow): void {
  const works = organizationRow(row.works);
  put<Practitioner>(
    chart,
    row.key,
    {
      resourceType: 'Practitioner',
      identifier: [npi('practitioner', row.key)],
      active: true,
      name: [{ use: 'official', family: row.family, given: [row.given], suffix: [row.suffix] }],
      telecom: [phoneOf(works, 60), email(`${row.given}.${row.family}@example.org`.toLowerCase(), 'work')],
      address: [addressOf(works)],
      gender: row.gender,
      qualification: [{ code: concept(['nucc', ...row.taxonomy]) }],
    },
    {
      profile: usCore('us-core-practitioner'),
      text: narrative(spokenPractitioner(row.key), row.taxonomy[1]),
    },
  );
}

function writeRole(chart: Chart, row: PractitionerRow): void {
  put<PractitionerRole>(
    chart,
    row.key,
    {
      resourceType: 'PractitionerRole',
      active: true,
      practitioner: practitioner(chart.seed, row.key),
      organization: organization(chart.seed, row.works),
      code: [concept(['nucc', ...row.taxonomy])],
      specialty: [concept(['nucc', ...row.taxonomy])],
      location: [location(chart.seed, row.at)],
      telecom: [phoneOf(organizationRow(row.works), 60)],
      endpoint: [link(chart, 'Endpoint', 'direct')],
    },
    { profile: usCore('us-core-practitionerrole') },
  );
}

function writeEndpoint(chart: Chart): void {
  put<Endpoint>(chart, 'direct', {
    resourceType: 'Endpoint',
    status: 'active',
    connectionType: { system: SYSTEMS.endpointType, code: 'direct-project', display: 'Direct Project' },
    name: 'Direct messages to the Alder Valley network',
    managingOrganization: organization(chart.seed, 'hospital'),
    payloadType: [{ text: 'Clinical document' }],
    payloadMimeType: ['text/xml'],
    address: 'mailto:inbox@direct.alder-valley.example.org',
  });
}

/** Writes all of the network's organizations, places and people. */
export function writeNetwork(chart: Chart): void {
  ORGANIZATIONS.forEach((row, index) => writeOrganization(chart, row, index));
  writeEndpoint(chart);
  LOCATIONS.forEach((row, index) => writeLocation(chart, row, index));
  for (const row of PRACTITIONERS) writePractitioner(chart, row);
  for (const row of PRACTITIONERS) writeRole(chart, row);
}
