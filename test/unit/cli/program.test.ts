/** The command line as a user meets it: help, results, and one clear line for each failure. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { allDone, fakeServer, refusal } from './fake-server.ts';

const MAIN = resolve(import.meta.dirname, '../../../src/main.ts');

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'embergate-cli-'))));
afterAll(() => rm(folder, { recursive: true }));

/** Runs the command in a folder of its own. */
function embergate(...args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, ['--no-warnings', MAIN, ...args], {
    cwd: folder,
    env: { ...process.env, STORE: `sqlite:${join(folder, 'data')}` },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (err += part.toString()));
  return new Promise((done) => child.on('close', (code) => done({ code, out, err })));
}

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const lines = (text: string): string[] => text.trimEnd().split('\n');

describe('help', () => {
  it.each(['serve', 'demo', 'import', 'user', 'client', 'explain', 'fhirpath', 'validate'])(
    'of %s has examples',
    async (command) => {
      const { code, out } = await embergate(command, '--help');
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`Examples:\\n {2}.*embergate ${command}`));
    },
  );

  it('lists all commands, also when none is given', async () => {
    const { out } = await embergate('--help');
    expect(
      ['serve', 'demo', 'import', 'tenant', 'explain', 'fhirpath'].filter(
        (name) => !out.includes(`\n  ${name}`),
      ),
    ).toEqual([]);
    expect((await embergate()).err).toBe(out);
  });
});

describe('failures are one clear line and exit code 1', () => {
  it.each([
    [['fhirpath', 'name', 'nope.json'], 'embergate: there is no file or folder nope.json'],
    [['import', 'nope'], 'embergate: there is no file or folder nope'],
    [
      ['import', '.', '--server', 'http://127.0.0.1:1/fhir'],
      'embergate: there is no .json or .ndjson file to import',
    ],
    [['explain', 'Patien?name=x'], 'embergate: "Patien" is not a resource type. Did you mean Patient?'],
    [
      ['tenant', 'add', 'North Clinic'],
      'embergate: "North Clinic" cannot be a tenant\'s name: use 1 to 40 of a-z, 0-9 and -',
    ],
    [['demo'], 'embergate: say where the records go: --out FOLDER or --server URL'],
  ])('%j', async (args, line) => {
    const { code, out, err } = await embergate(...args);
    expect([code, out, lines(err)]).toEqual([1, '', [line]]);
  });

  it('with a hint where the call is wrong', async () => {
    for (const args of [
      ['frob'],
      ['demo', '--as-of', '2026-02-30'],
      ['demo', '--patients', 'many'],
      ['import', 'x', '--server', 'localhost'],
      ['import', 'x', '--parallel', '0'],
    ]) {
      const { code, err } = await embergate(...args);
      expect([code, lines(err).length, err.includes('embergate --help')]).toEqual([1, 2, true]);
    }
  });
});

describe('commands', () => {
  it('fhirpath prints typed values of JSON and XML', async () => {
    const json = await file('o.jsn', {
      resourceType: 'Observation',
      valueQuantity: { value: 1.5, unit: 'kg' },
    });
    expect((await embergate('fhirpath', 'Observation.value.unit', json)).out).toBe(
      'string\t"kg"\tObservation.value.ofType(Quantity).unit\n',
    );
    const xml = await file(
      'o.xml',
      '<Patient xmlns="http://hl7.org/fhir"><birthDate value="2000"/></Patient>',
    );
    expect((await embergate('fhirpath', 'Patient.birthDate', xml)).out).toBe(
      'date\t"2000"\tPatient.birthDate\n',
    );
    const unknown = await embergate('fhirpath', 'Patient.birthdate', xml);
    expect([unknown.code, unknown.err]).toEqual([
      1,
      'embergate: "Patient.birthdate": Patient has no element "birthdate". Did you mean birthDate?\n',
    ]);
    expect((await embergate('fhirpath', '--lenient', 'Patient.birthdate', xml)).out).toBe('');
    const traced = await embergate('fhirpath', '--trace', "birthDate.toString() = '2000' and 1 = 2", xml);
    expect(traced.out).toBe('boolean\tfalse\n');
    expect(lines(traced.err)).toEqual([
      "(birthDate.toString() = '2000') and (1 = 2)  =>  false",
      "  birthDate.toString() = '2000'  =>  true",
      '    birthDate.toString()  =>  "2000"',
      '      birthDate  =>  "2000"',
      '  1 = 2  =>  false',
    ]);
    const broken = await embergate('fhirpath', 'x', await file('x.jsn', '{"resourceType":'));
    expect([broken.code, lines(broken.err).length]).toEqual([1, 1]);
  });

  it('explain shows the plan and both compilations', async () => {
    const { code, out } = await embergate('explain', 'Observation?code=http://loinc.org|8302-2');
    expect(code).toBe(0);
    expect(out).toMatch(/^Plan\n[\s\S]*\nSQLite\nSELECT [\s\S]*\nMongoDB\n[\s\S]*8302-2/);
  });

  it('tenant makes and lists', async () => {
    expect((await embergate('tenant', 'add', 'north')).out).toBe('made north\n');
    expect((await embergate('tenant', 'add', 'north')).out).toBe('north is there already\n');
    expect(lines((await embergate('tenant', 'list')).out)).toContain('north');
  });

  it('demo writes the same files for the same seed, which import sends', async () => {
    for (const name of ['one', 'two'])
      expect((await embergate('demo', '--patients', '2', '--seed', '5', '--out', name)).code).toBe(0);
    const names = await readdir(join(folder, 'one'));
    expect(names.length).toBeGreaterThanOrEqual(3);
    for (const name of names)
      expect(await readFile(join(folder, 'one', name), 'utf8')).toBe(
        await readFile(join(folder, 'two', name), 'utf8'),
      );
    const server = await fakeServer(allDone);
    const { code, out } = await embergate('import', 'one', '--server', server.base);
    await server.stop();
    expect([code, server.seen.length]).toEqual([0, names.length]);
    expect(out).toMatch(new RegExp(`^\\d{3,} resources from ${names.length} files\\n$`));
  });

  it('demo sends what all refer to before the patients', async () => {
    const server = await fakeServer(allDone);
    expect((await embergate('demo', '--patients', '3', '--server', `${server.base}/`)).code).toBe(0);
    await server.stop();
    const patients = server.seen.map((text) => text.includes('"resourceType":"Patient"'));
    expect([patients.filter(Boolean).length, patients.lastIndexOf(false) < patients.indexOf(true)]).toEqual([
      3,
      true,
    ]);
  });
});

describe('import', () => {
  it('sends again what refers to what came later, and tells what stays refused', async () => {
    const base = join(folder, 'order');
    await rm(base, { recursive: true, force: true });
    const { mkdir } = await import('node:fs/promises');
    await mkdir(base);
    const put = (name: string, resource: object): Promise<string> => file(join('order', name), resource);
    await put('a.json', { resourceType: 'Observation', id: 'needs-b' });
    await put('b.json', { resourceType: 'Patient', id: 'needs-c' });
    await put('c.json', { resourceType: 'Patient', id: 'c' });
    await put('d.json', { resourceType: 'Patient', id: 'never' });
    let stored = '';
    const server = await fakeServer((text) => {
      const missing =
        text.includes('never') ||
        (text.includes('needs-b') && !stored.includes('needs-c')) ||
        (text.includes('needs-c') && !stored.includes('"c"'));
      if (missing) return refusal(422, 'it refers to nothing');
      stored += text;
      return allDone(text);
    });
    const { code, out, err } = await embergate('import', 'order', '--server', server.base, '--parallel', '1');
    await server.stop();
    expect([code, out]).toEqual([1, '3 resources from 4 files\n']);
    expect(lines(err).filter((line) => line.startsWith('refused:'))).toEqual([
      'refused: order/d.json: 422 it refers to nothing',
    ]);
    expect(
      ['needs-b', 'needs-c', '"c"'].map(
        (id) => stored.split(`"id":${id.startsWith('"') ? id : `"${id}"`}`).length - 1,
      ),
    ).toEqual([1, 1, 1]);
  });
});

describe('validate', () => {
  it('tells the place of each fault, sums up by type, and ends with 1', async () => {
    await file('bad.json', { resourceType: 'Patient', gender: 'blue' });
    const many = [{ resourceType: 'Patient' }, { resourceType: 'Observation', status: 'final' }];
    await file('many.ndjson', many.map((one) => JSON.stringify(one)).join('\n'));
    await file('sound.xml', '<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>');
    const { code, out } = await embergate('validate', 'bad.json', 'many.ndjson', 'sound.xml');
    expect(code).toBe(1);
    const [first, second, head, ...rows] = lines(out);
    expect(first).toMatch(/^bad\.json:1:36\terror\tPatient\.gender\t"blue" is not in the value set/);
    expect(second).toMatch(/^many\.ndjson:2:1\terror\tObservation\tObservation\.code: it is missing/);
    expect(head).toMatch(/^Type +resources +errors +warnings$/);
    expect(rows.map((row) => row.split(/ +/).join(' '))).toEqual([
      'Observation 1 1 0',
      'Patient 3 1 0',
      'All 4 2 0',
    ]);
  });

  it('holds resources against a profile that is asked for, and ends with 0 where all is well', async () => {
    await file('weight.json', { resourceType: 'Observation', status: 'final', code: { text: 'x' } });
    expect((await embergate('validate', 'weight.json')).code).toBe(0);
    const profile = 'http://hl7.org/fhir/StructureDefinition/bodyweight';
    const { code, out } = await embergate('validate', '--profile', profile, '--', 'weight.json');
    expect(code).toBe(1);
    expect(out).toContain(`(profile ${profile})`);
  });

  it('says what cannot be read', async () => {
    await file('broken.json', '{"resourceType":');
    const { code, out } = await embergate('validate', 'broken.json');
    expect([code, out.includes('line 1')]).toEqual([1, true]);
    expect((await embergate('validate', 'nowhere')).err).toContain('there is no file or folder nowhere');
  });
});
