/** Files as bundles. https://hl7.org/fhir/R4/nd-json.html */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundlesOf, filesOf } from '../../../src/cli/bundles.ts';

let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'embergate-bundles-'))));
afterAll(() => rm(folder, { recursive: true }));

async function bundles(name: string, text: string): Promise<string[]> {
  await writeFile(join(folder, name), text);
  const made: string[] = [];
  for await (const bundle of bundlesOf(join(folder, name))) made.push(bundle);
  return made;
}

describe('files', () => {
  it('are found in folders below, sorted, and only JSON', async () => {
    await mkdir(join(folder, 'tree', 'b'), { recursive: true });
    for (const name of ['z.json', 'a.ndjson', 'b/c.json', 'note.txt'])
      await writeFile(join(folder, 'tree', name), '{}');
    const found = await filesOf([join(folder, 'tree')]);
    expect(found.map((file) => file.slice(folder.length + 6))).toEqual(['a.ndjson', 'b/c.json', 'z.json']);
    await expect(filesOf([join(folder, 'nope')])).rejects.toThrow('there is no file or folder');
  });
});

describe('bundles', () => {
  it('go as they are, and one resource as a transaction that keeps its id and its text', async () => {
    const bundle = '{"resourceType":"Bundle","type":"batch","entry":[]}';
    expect(await bundles('a.json', bundle)).toEqual([bundle]);
    const observation = '{"resourceType":"Observation","id":"1","valueQuantity":{"value":1.50}}';
    expect(await bundles('b.json', `${observation}\n`)).toEqual([
      `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":${observation},"request":{"method":"PUT","url":"Observation/1"}}]}`,
    ]);
  });

  it('are made of 200 lines of NDJSON each, empty lines aside', async () => {
    const lines = Array.from({ length: 450 }, (_, i) => `{"resourceType":"Patient","id":"p${i}"}`);
    const made = await bundles('c.ndjson', `${lines.join('\r\n\r\n')}\n`);
    expect(made.map((text) => (JSON.parse(text) as { entry: unknown[] }).entry.length)).toEqual([
      200, 200, 50,
    ]);
    expect(await bundles('d.ndjson', '{"resourceType":"Patient"}')).toEqual([
      '{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}]}',
    ]);
    expect(await bundles('e.ndjson', '\n')).toEqual([]);
  });

  it('name the line that is broken', async () => {
    await expect(bundles('f.ndjson', '{"resourceType":"Patient"}\n{"resourceType":')).rejects.toThrow(
      /f\.ndjson, line 2 is not JSON/,
    );
    await expect(bundles('g.ndjson', '{"id":"1"}')).rejects.toThrow(/line 1 has no resourceType/);
  });
});
