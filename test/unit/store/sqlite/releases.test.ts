// A release in RF2 is taken in whole, is visible at once and only when whole, and answers by sets.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importFrom } from '../../../../src/cli/releases/import.ts';
import { idsOf, sizeOf } from '../../../../src/fhir/terminology/concept-set.ts';
import type { IndexedGraph } from '../../../../src/fhir/terminology/concept-index.ts';
import { releaseFolder, type ReleaseFolder } from '../../../../src/store/sqlite/releases/folder.ts';
import * as rf2 from '../../../support/rf2-release.ts';

const SNOMED = 'http://snomed.info/sct';
const SIZE = 3000;

describe('a release of SNOMED CT', () => {
  const root = mkdtempSync(join(tmpdir(), 'embergate-rf2-'));
  let folder: ReleaseFolder;
  let graph: IndexedGraph;
  const id = (code: string): number => graph.index.idOf(code)!;

  beforeAll(async () => {
    rf2.writeRf2(join(root, 'release'), SIZE);
    folder = releaseFolder(join(root, 'data'));
    await importFrom(join(root, 'release'), folder);
    graph = folder.codeSystems(SNOMED)[0]!;
  });
  afterAll(() => {
    folder.close();
    rmSync(root, { recursive: true });
  });

  it('is named by its edition and day', () => {
    expect(folder.releases()).toMatchObject([
      { system: SNOMED, version: `${SNOMED}/${rf2.MODULE}/version/${rf2.DATE}`, concepts: SIZE },
    ]);
  });

  it('knows each concept with its names, parents and properties', () => {
    const site = graph.find(rf2.FINDING_SITE)!;
    expect(site).toMatchObject({ code: rf2.FINDING_SITE, display: 'Finding site', isInactive: false });
    expect(site.parents.map(({ code }) => code)).toEqual(['410662002']);
    expect(site.designations.map(({ value }) => value)).toEqual(['Finding site', 'Finding site (thing)']);
    expect(site.properties.get('moduleId')).toEqual([rf2.MODULE]);
    expect(graph.find('nothing')).toBeUndefined();
    expect(graph.find(rf2.codeOf(49))?.isInactive).toBe(true);
  });

  it('has everything that is above a concept in the set of what is below each of those', () => {
    const above = graph.index.above(id(rf2.codeOf(2994)));
    expect(above.length).toBeGreaterThan(3);
    for (const one of above) expect([...idsOf(graph.index.below(one))]).toContain(id(rf2.codeOf(2994)));
    expect(graph.find(rf2.codeOf(2994))!.isAtOrBelow!(rf2.ROOT)).toBe(true);
    expect(graph.find(rf2.ROOT)!.isAtOrBelow!(rf2.codeOf(2994))).toBe(false);
  });

  it('finds names by the beginnings of their words, all in one name', () => {
    const hits = [...idsOf(graph.index.named(['find', 'sit']))].map((one) => graph.index.concept(one).code);
    expect(hits).toEqual([rf2.FINDING_SITE]);
    expect(sizeOf(graph.index.named(['inding']))).toBe(0);
    expect(sizeOf(graph.index.named(['"', '*) OR ("a']))).toBe(0);
  });

  it('keeps relationships, numbers and reference sets', () => {
    const rows = graph.index.attribute(id(rf2.FINDING_SITE))!;
    expect(rows.length % 3).toBe(0);
    expect(graph.find(graph.index.concept(rows[0]!).code)!.properties.get(rf2.FINDING_SITE)).toContain(
      graph.index.concept(rows[2]!).code,
    );
    expect([...graph.index.concrete(id(rf2.STRENGTH))].map(([value]) => value)).toContain('#25');
    expect(sizeOf(graph.index.members(id(rf2.REFSET))!)).toBe(30);
  });

  it('is not there before it is whole, and gone when it is removed', async () => {
    const builder = folder.begin({
      system: 'urn:x',
      version: '1',
      title: 'X',
      language: 'en',
      isCaseSensitive: true,
    });
    builder.concept({ code: 'a', display: 'First' });
    const another = releaseFolder(join(root, 'data'));
    expect(another.codeSystems('urn:x')).toEqual([]);
    const { id: name } = await builder.finish();
    const third = releaseFolder(join(root, 'data'));
    expect(third.codeSystems('urn:x')[0]!.find('a')!.display).toBe('First');
    expect(await folder.remove(name)).toBe(true);
    expect(await folder.remove(name)).toBe(false);
    expect(third.codeSystems(SNOMED)).toHaveLength(1);
    another.close();
    third.close();
  });

  it('leaves nothing behind when it cannot be read', async () => {
    const broken = join(root, 'broken');
    rf2.writeRf2(broken, 20);
    const { appendFileSync } = await import('node:fs');
    appendFileSync(
      join(broken, 'Snapshot', 'Terminology', `sct2_Concept_Snapshot_INT_${rf2.DATE}.txt`),
      'half a line',
    );
    await expect(importFrom(broken, folder)).rejects.toThrow(/line 22: 1 columns, not 5/);
    expect(readdirSync(join(root, 'data')).filter((name) => name.endsWith('.draft'))).toEqual([]);
  });
});
