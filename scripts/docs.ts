/** Writes docs/configuration.md from the table of settings. `--check` fails when the file is not what the table says. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { SETTINGS } from '../src/config.ts';

const path = resolve(import.meta.dirname, '..', 'docs', 'configuration.md');

/** The page as the table has it. */
export function configurationPage(): string {
  const rows = SETTINGS.map(
    ({ name, fallback, meaning }) => `| \`${name}\` | \`${fallback}\` | ${meaning} |`,
  );
  return [
    '# Settings',
    '',
    'Made from `src/config.ts` by `node scripts/docs.ts`; do not edit. All settings are environment variables. A default in angle brackets is computed.',
    '',
    '| name | default | meaning |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  const page = configurationPage();
  if (!process.argv.includes('--check')) writeFileSync(path, page);
  else if (readFileSync(path, 'utf8') !== page) {
    console.error('docs/configuration.md is not what src/config.ts says: run node scripts/docs.ts');
    process.exit(1);
  }
}
