// The rules themselves: each refuses what it must and lets the rest pass.

import { describe, expect, it } from '@jest/globals';
import { importsOf } from './parse.ts';
import * as rules from './rules.ts';

const files = (...entries: readonly (readonly [string, string])[]) => new Map(entries);

describe('imports', () => {
  it('are found in every form', () => {
    const source = `
      import a from './a.ts';
      import type { B } from '../b.ts';
      export { c } from './c.ts';
      export * from './d.ts';
      const e = await import('./e.ts');
      type F = import('./f.ts').F;
      // import z from './z.ts';
      const text = "import y from './y.ts'";
    `;
    const names = ['src/x/a.ts', 'src/b.ts', 'src/x/c.ts', 'src/x/d.ts', 'src/x/e.ts', 'src/x/f.ts'];
    expect([...importsOf('src/x/file.ts', source)].sort()).toEqual([...names].sort());
  });
});

describe('direction', () => {
  it.each([
    ['src/fhir/a.ts', '../store/ports.ts'],
    ['src/store/a.ts', '../rest/request.ts'],
    ['src/access/a.ts', '../web/page.ts'],
    ['src/rest/http/a.ts', '../../smart/oidc.ts'],
    ['src/rest/a.ts', '../config.ts'],
    ['src/web/a.ts', '../compose.ts'],
    ['src/telemetry/a.ts', '../fhir/model/near.ts'],
    ['src/demo/a.ts', '../store/ports.ts'],
    ['src/rest/a.ts', '../demo/records.ts'],
    ['src/web/a.ts', '../cli/doctor.ts'],
    ['src/serve.ts', './cli/doctor.ts'],
    ['src/serve.ts', '../test/needs.ts'],
  ])('%s may not import %s', (path, target) => {
    expect(rules.wrongWayImports(files([path, `import type { X } from '${target}';`]))).toHaveLength(1);
  });

  it.each([
    ['src/store/a.ts', '../fhir/search/plan.ts'],
    ['src/web/a.ts', '../smart/clients.ts'],
    ['src/fhir/a.ts', '../telemetry/log.ts'],
    ['src/fhir/path/a.ts', '../model/tree.ts'],
    ['src/demo/a.ts', '../fhir/model/tree.ts'],
    ['src/cli/demo.ts', '../demo/records.ts'],
    ['src/cli/serve.ts', '../compose.ts'],
    ['src/main.ts', './cli/commands.ts'],
    ['src/compose.ts', './store/mongo/store.ts'],
  ])('%s may import %s', (path, target) => {
    expect(rules.wrongWayImports(files([path, `import { x } from '${target}';`]))).toEqual([]);
  });

  it('refuses a room that no table names', () => {
    expect(rules.unknownRooms(files(['src/helpers/a.ts', '']))).toEqual(['src/helpers is in no table']);
  });
});

describe('cycles', () => {
  const edge = (to: string) => `import { x } from './${to}.ts';`;

  it('are found, however long', () => {
    const circle = files(['src/a.ts', edge('b')], ['src/b.ts', edge('c')], ['src/c.ts', edge('a')]);
    expect(rules.importCycles(circle)).toEqual(['src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts']);
  });

  it('are not seen in a diamond', () => {
    const diamond = files(
      ['src/a.ts', edge('b') + edge('c')],
      ['src/b.ts', edge('d')],
      ['src/c.ts', edge('d')],
      ['src/d.ts', ''],
    );
    expect(rules.importCycles(diamond)).toEqual([]);
  });
});

describe('packages', () => {
  it.each([
    ['src/rest/dispatch.ts', 'express'],
    ['src/store/ports.ts', 'mongodb'],
    ['src/store/mongo/a.ts', 'node:sqlite'],
    ['src/fhir/model/a.ts', 'ajv/dist/2020.js'],
    ['src/rest/a.ts', 'oidc-provider'],
    ['src/fhir/search/a.ts', '@atomic-ehr/ucum/dist/units.js'],
    ['src/rest/a.ts', 'left-pad'],
    ['src/rest/a.ts', '@scope/left-pad/deep'],
  ])('%s may not import %s', (path, name) => {
    expect(rules.packagesOutsideRoom(files([path, `import x from '${name}';`]))).toHaveLength(1);
  });

  it.each([
    ['src/rest/http/a.ts', 'express'],
    ['src/store/mongo/a.ts', 'mongodb'],
    ['src/store/sqlite/a.ts', 'node:sqlite'],
    ['src/fhir/path/a.ts', '@atomic-ehr/ucum'],
    ['src/rest/a.ts', 'node:crypto'],
    ['src/serve.ts', '../package.json'],
  ])('%s may import %s', (path, name) => {
    expect(rules.packagesOutsideRoom(files([path, `import x from '${name}';`]))).toEqual([]);
  });
});

describe('dependencies', () => {
  it('must be declared', () => {
    const sources = files(['src/a.ts', `import x from 'express/deep'; import fs from 'node:fs';`]);
    expect(rules.undeclaredPackages(sources, ['express'])).toEqual([]);
    expect(rules.undeclaredPackages(sources, [])).toHaveLength(1);
  });
});

describe('purity', () => {
  it.each([
    `import { readFileSync } from 'node:fs';`,
    `import { request } from 'node:http';`,
    'const now = Date.now();',
    'const now = new Date();',
    'const now = new Date;',
    'const now = Date();',
    'const dice = Math.random();',
    'const later = setTimeout(() => 1, 5);',
    'const answer = await fetch("http://localhost");',
  ])('fhir may not say %s', (source) => {
    expect(rules.impurities(files(['src/fhir/model/a.ts', source]))).toHaveLength(1);
  });

  it('lets fhir parse dates and hash', () => {
    const source = `import { createHash } from 'node:crypto'; const then = new Date('2020-01-01'); // Date.now()`;
    expect(rules.impurities(files(['src/fhir/model/a.ts', source]))).toEqual([]);
  });

  it('lets other wings have a clock', () => {
    expect(rules.impurities(files(['src/rest/a.ts', 'const now = Date.now();']))).toEqual([]);
  });
});

describe('environment', () => {
  it.each(['const { PORT } = process.env;', `import { env } from 'node:process';`])(
    'is not read by %s',
    (source) => {
      expect(rules.environmentReaders(files(['src/rest/a.ts', source]))).toHaveLength(1);
      expect(rules.environmentReaders(files(['src/config.ts', source]))).toEqual([]);
    },
  );

  it('is not confused with other words', () => {
    expect(
      rules.environmentReaders(files(['src/rest/a.ts', '// process.env\nconst s = "process.env";'])),
    ).toEqual([]);
  });
});

describe('ways out', () => {
  it.each([
    `import { request } from 'node:https';`,
    `import { get as fetchIt } from 'node:http';`,
    `import * as http from 'node:http';`,
    `import https from 'node:https';`,
    `import { connect } from 'node:net';`,
    `import { createServer, request } from 'node:http';`,
    `export { request } from 'node:http';`,
    `const http = await import('node:http');`,
    `const answer = await fetch('http://localhost');`,
    `const go = fetch;`,
    `const answer = await globalThis.fetch(url);`,
    `const use = (one = globalThis.fetch) => one(url);`,
    `const socket = new WebSocket(url);`,
  ])('are shut for %s', (source) => {
    expect(rules.waysOut(files(['src/rest/a.ts', source]))).toHaveLength(1);
    expect(rules.waysOut(files(['src/access/egress/a.ts', source]))).toEqual([]);
    expect(rules.waysOut(files(['src/cli/a.ts', source]))).toEqual([]);
  });

  it.each([
    `import type { IncomingMessage } from 'node:http';`,
    `import { createServer, STATUS_CODES, type ServerResponse } from 'node:http';`,
    `import { isIP } from 'node:net';`,
    `type F = typeof globalThis.fetch; interface A { readonly fetch?: F }`,
    `const use = (fetch: F) => fetch(url);`,
    `const use = ({ fetch }: A) => ({ fetch });`,
    `const use = (a: A) => a.fetch(url);`,
    `// fetch(url)\nconst text = 'fetch(url)';`,
  ])('are not seen in %s', (source) => {
    expect(rules.waysOut(files(['src/rest/a.ts', source]))).toEqual([]);
  });
});
