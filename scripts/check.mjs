// `npm run check`: format, lint, types, then architecture and unit tests. A line each; the output only of what failed.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './runtime.mjs';

const bin = (...path) => join(ROOT, 'node_modules', ...path);
const JEST = ['--experimental-vm-modules', '--no-warnings', bin('jest', 'bin', 'jest.js'), '--silent'];

/** Steps of one group run side by side. */
const GROUPS = [
  [
    { name: 'format', args: [bin('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level=warn', '.'] },
    { name: 'lint', args: [bin('eslint', 'bin', 'eslint.js'), '.'] },
    { name: 'types', args: [bin('typescript', 'bin', 'tsc'), '-p', '.'] },
  ],
  [{ name: 'tests', args: [...JEST, '--testPathPatterns=/test/(architecture|unit)/'] }],
];

/** Resolves to whether the step passed; tells it in one line, and in full where it failed. */
function run({ name, args }) {
  const started = Date.now();
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
  return new Promise((done) => {
    child.on('close', (code) => {
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      console.log(`${code === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
      if (code !== 0) process.stdout.write(Buffer.concat(output));
      done(code === 0);
    });
  });
}

const results = [];
for (const group of GROUPS) results.push(...(await Promise.all(group.map(run))));

const failed = results.filter((passed) => !passed).length;
console.log(failed === 0 ? 'All checks passed' : `${failed} of ${results.length} checks failed`);
process.exitCode = failed === 0 ? 0 : 1;
