/** The command `embergate`: one file a command, each adds itself here. */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config.ts';
import { addDemo } from './demo.ts';
import { addExplain } from './explain.ts';
import { addFhirPath } from './fhirpath.ts';
import { addImport } from './import.ts';
import { addTenant } from './tenant.ts';

export interface Actions {
  /** serves until it is told to stop */
  readonly serve: () => Promise<void>;
}

/** Runs the command line. ConfigError passes through; every other failure is one clear line and exit code 1. */
export async function runProgram(argv: readonly string[], actions: Actions): Promise<void> {
  const program = new Command('embergate')
    .description('A FHIR R4 server. Without a command it shows this help.')
    .showHelpAfterError('(embergate --help shows all commands)')
    .exitOverride();
  program
    .command('serve')
    .description('Start the server. All settings are environment variables: docs/configuration.md lists them.')
    .addHelpText('after', examples('PORT=9000 embergate serve', 'STORE=mongodb://127.0.0.1:27017/embergate embergate serve'))
    .action(actions.serve);
  for (const add of [addDemo, addImport, addTenant, addExplain, addFhirPath]) add(program);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (error instanceof CommanderError) process.exit(error.exitCode);
    console.error(`embergate: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}

/** Examples for a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
