#!/usr/bin/env node
// The `embergate` command: src/main.ts with the right Node, after a first setup where nothing is installed yet.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findNode, ROOT, runNode } from './runtime.mjs';

const ready = () => findNode() !== undefined && existsSync(join(ROOT, 'node_modules'));

if (!ready()) {
  // Its lines go to stderr: stdout belongs to the command's own output.
  spawnSync(process.execPath, [join(ROOT, 'scripts', 'setup.mjs')], { stdio: ['ignore', 2, 2] });
}
process.exitCode = ready()
  ? await runNode(findNode(), [join(ROOT, 'src', 'main.ts'), ...process.argv.slice(2)])
  : 1;
