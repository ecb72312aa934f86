// The official validator cases: their resources, what they are held against, and the outcome that the reference validator recorded.

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { withConformance } from '../../../src/fhir/definitions/overlay.ts';
import type { Definitions } from '../../../src/fhir/definitions/registry.ts';
import { parseJson } from '../../../src/fhir/model/json.ts';
import { FhirError, type Issue } from '../../../src/fhir/model/outcome.ts';
import { isObject, type JsonObject, type ResourceTree } from '../../../src/fhir/model/tree.ts';
import { parseXml } from '../../../src/fhir/model/xml.ts';
import { validate } from '../../../src/fhir/validation/validator.ts';

// Not by needs.ts, which only a test may import: show.ts runs without one.
export const SHARED_DATA = process.env.SHARED_DATA ?? resolve(import.meta.dirname, '../../../../shared/data');
const FOLDER = join(SHARED_DATA, 'validator-cases');

interface Outcome {
  readonly issue?: readonly {
    readonly severity: string;
    readonly expression?: readonly string[];
    readonly details?: { readonly text?: string };
    readonly diagnostics?: string;
  }[];
}

interface Case {
  readonly name: string;
  readonly file: string;
  readonly module?: string;
  /** a file, or the outcome itself; without one the reference found nothing */
  readonly java: string | { readonly outcome?: Outcome; readonly errorCount?: number };
  readonly supporting?: string | readonly string[];
  readonly profiles?: string | readonly string[];
  readonly profile?: {
    readonly source: string;
    readonly java?: Case['java'];
    readonly supporting?: string | readonly string[];
  };
}

/** One run of a case: the resource alone, or against the profile of the case. */
export interface CaseRun {
  /** `name base` or `name profile` */
  readonly name: string;
  readonly module: string;
  readonly expected: readonly string[];
  /** all issues of the reference, for people */
  readonly recorded: NonNullable<Outcome['issue']>;
  readonly isValid: boolean;
  readonly validate: (definitions: Definitions) => readonly Issue[];
}

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

export function caseRuns(): CaseRun[] {
  const text = readFileSync(join(FOLDER, 'manifest.json'), 'utf8');
  const { 'test-cases': cases } = JSON.parse(text) as { 'test-cases': readonly Case[] };
  const runs = cases.flatMap((one) => [
    runOf(one, 'base', one.java),
    ...(one.profile?.java ? [runOf(one, 'profile', one.profile.java)] : []),
  ]);
  // Two cases have the same name.
  const seen = new Set<string>();
  return runs.map((run) => {
    const name = seen.has(run.name) ? `${run.name} again` : run.name;
    seen.add(run.name);
    return { ...run, name };
  });
}

function runOf(one: Case, mode: 'base' | 'profile', java: Case['java']): CaseRun {
  const recorded = outcomeOf(java);
  const errors = recorded.filter(({ severity }) => severity === 'error' || severity === 'fatal');
  return {
    name: `${one.name} ${mode}`,
    module: one.module ?? 'general',
    recorded,
    expected: errors.flatMap(({ expression = [] }) => expression),
    isValid: errors.length === 0 && (typeof java === 'string' || !java.errorCount),
    validate: (definitions) => issuesOf(definitions, one, mode),
  };
}

function outcomeOf(java: Case['java']): NonNullable<Outcome['issue']> {
  const outcome =
    typeof java === 'string'
      ? (JSON.parse(readFileSync(join(FOLDER, 'outcomes', java), 'utf8')) as Outcome)
      : java.outcome;
  return outcome?.issue ?? [];
}

function issuesOf(base: Definitions, one: Case, mode: 'base' | 'profile'): readonly Issue[] {
  try {
    let definitions = withFiles(base, [...list(one.supporting), ...list(one.profiles)]);
    const profiles: string[] = [];
    if (mode === 'profile') {
      const { source, supporting } = one.profile!;
      definitions = withFiles(definitions, list(supporting));
      const tree = source.startsWith('http') ? undefined : read(definitions, source);
      if (tree) definitions = withConformance(definitions, [tree]);
      profiles.push(tree ? String(tree['url']) : source);
    }
    const strictness = {
      unknownCode: 'error',
      display: 'error',
      unknownExtension: 'warning',
      urn: 'error',
    } as const;
    return validate(definitions, read(definitions, one.file), { profiles, strictness });
  } catch (error) {
    if (error instanceof FhirError) return error.issues;
    throw error;
  }
}

function withFiles(definitions: Definitions, files: readonly string[]): Definitions {
  const known = files.filter((file) => /\.(?:json|xml)$/.test(file) && existsSync(join(FOLDER, file)));
  const trees: JsonObject[] = known.map((file) => read(definitions, file));
  return withConformance(definitions, trees);
}

function read(definitions: Definitions, file: string): ResourceTree {
  const text = readFileSync(join(FOLDER, file), 'utf8').replace(/^\ufeff/, '');
  const tree = text.trimStart().startsWith('<') ? parseXml(definitions, text) : parseJson(text);
  if (!isObject(tree)) throw new TypeError(`${file} is no resource`);
  return tree as ResourceTree;
}

/** A path without what writers of paths differ in: types of choices, the first index, notes. */
export const essence = (expression: string): string =>
  expression
    .replace(/\.ofType\(\w+\)/g, '')
    .replace(/\/\*.*?\*\//g, '')
    .replace(/\[0\]/g, '')
    .replace(/\s+/g, '');
