// `node scripts/run.mjs FILE ARGS…`: runs a file of the program with a Node that is new enough, and exits as it does.

import { findNode, NEEDED_MAJOR, runNode } from './runtime.mjs';

const node = findNode();
const args = process.argv.slice(2);

if (args.length === 0) {
  console.error('Usage: node scripts/run.mjs FILE ARGS…');
  process.exitCode = 1;
} else if (node === undefined) {
  console.error(`This needs Node ${NEEDED_MAJOR}; run \`node scripts/setup.mjs\` to bring it into .runtime.`);
  process.exitCode = 1;
} else {
  process.exitCode = await runNode(node, args);
}
