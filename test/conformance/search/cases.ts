/**
 * The search cases of the YAML files beside this one: resources, a query, and the ids that it finds by the text of R4. Readers of Expressions run them
 * all: `match` here, each store in its contract suite. https://hl7.org/fhir/R4/search.html
 */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import type { Definitions } from '../../../src/fhir/definitions/registry.ts';
import type { ResourceTree } from '../../../src/fhir/model/tree.ts';
import { indexValues } from '../../../src/fhir/search/extract.ts';
import type { IndexValue } from '../../../src/fhir/search/index-value.ts';
import { parseSearch, type ParsedSearch } from '../../../src/fhir/search/parse.ts';

export interface SearchCase {
  /** `Patient?gender=male`, `Patient/1/Observation?code=x`, `?_type=Patient` */
  readonly query: string;
  /** ids, in any order */
  readonly finds?: readonly string[];
  /** ids in this order; the resources are made in the order in which they stand */
  readonly sorted?: readonly string[];
  /** ids of what comes along with all matches, in any order; none when absent */
  readonly includes?: readonly string[];
  /** part of what the error says */
  readonly refuses?: string;
  readonly why?: string;
}

export interface SearchSection {
  readonly file: string;
  readonly section: string;
  /** ids differ within a section */
  readonly resources: readonly ResourceTree[];
  readonly cases: readonly SearchCase[];
}

/** Base and clock of all cases. */
export const BASE_URL = 'http://localhost:8080/fhir';
export const NOW = Date.UTC(2024, 0, 1);

/** All sections, one a file. */
export function searchCases(): SearchSection[] {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.yaml'));
  return files.sort().map((file) => {
    const text = readFileSync(resolve(import.meta.dirname, file), 'utf8');
    return { file, ...(parse(text) as Omit<SearchSection, 'file'>) };
  });
}

/** Parses the query of a case as the server would. */
export function parseCase(definitions: Definitions, query: string): ParsedSearch {
  const at = query.indexOf('?');
  const path = (at < 0 ? query : query.slice(0, at)).split('/').filter((part) => part !== '');
  const [type, id, inside] = path;
  const pairs = at < 0 ? [] : query.slice(at + 1).split('&');
  return parseSearch(definitions, {
    types: inside !== undefined ? [inside] : type !== undefined ? [type] : [],
    compartment: inside !== undefined ? { type: type!, id: id! } : undefined,
    parameters: pairs.map((pair): [string, string] => {
      const equals = pair.indexOf('=');
      return [pair.slice(0, equals), decodeURIComponent(pair.slice(equals + 1))];
    }),
    handling: 'strict',
    baseUrl: BASE_URL,
    now: NOW,
  });
}

/** The index values of a resource of a section, as the server would make them. */
export function indexOfCase(definitions: Definitions, resource: ResourceTree): IndexValue[] {
  return indexValues(definitions, resource, { baseUrl: BASE_URL });
}
