/** The command `embergate`: one file a command, each adds itself here and loads what it needs when it runs. */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../setting.ts';
import { addAccess } from './access.ts';
import { addAudit } from './audit.ts';
import { addClient } from './client.ts';
import { addDemo } from './demo.ts';
import { addDoctor } from './doctor.ts';
import { addExplain } from './explain.ts';
import { addFhirPath } from './fhirpath.ts';
import { examples } from './help.ts';
import { addImport } from './import.ts';
import { addKeys } from './keys.ts';
import { addPackage } from './package.ts';
import { addProfile } from './profile.ts';
import { addReindex } from './reindex.ts';
import { addTenant } from './tenant.ts';
import { addTerminology } from './terminology.ts';
import { addUser } from './user.ts';
import { addValidate } from './validate.ts';

export interface Actions {
  /** serves until it is told to stop */
  readonly serve: () => Promise<void>;
}

/** Runs the command line. ConfigError passes through; every other failure is one clear line and exit code 1. */
export async function runProgram(argv: readonly string[], actions: Actions): Promise<void> {
  const program = new Command('embergate')
    .description('A FHIR R4 server. Without a command it shows this help.')
    .showHelpAfterError('(embergate --help shows all commands)')
    .exitOverride()
    .addHelpText(
      'after',
      examples(
        ['embergate serve', 'starts the server on the embedded store in ./data'],
        ['embergate import records/', 'sends the Bundles of a folder to it'],
        ['embergate import --help', 'tells more about a command'],
      ),
    );
  addServe(program, actions);
  for (const add of [
    addDemo,
    addImport,
    addTenant,
    addUser,
    addClient,
    addAccess,
    addAudit,
    addKeys,
    addTerminology,
    addPackage,
    addProfile,
    addReindex,
    addExplain,
    addFhirPath,
    addValidate,
    addDoctor,
  ])
    add(program);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (error instanceof CommanderError) process.exit(error.exitCode);
    console.error(`embergate: ${lineOf(error)}`);
    process.exit(1);
  }
}

function addServe(program: Command, { serve }: Actions): void {
  program
    .command('serve')
    .description(
      'Start the server. All settings are environment variables: docs/configuration.md lists them.',
    )
    .addHelpText(
      'after',
      examples(
        ['embergate serve', 'listens on http://localhost:8080'],
        ['PORT=9000 STORE=sqlite:/var/lib/embergate embergate serve', 'another port and data folder'],
        ['STORE=mongodb://127.0.0.1:27017/embergate embergate serve', 'on MongoDB (a replica set)'],
      ),
    )
    .action(serve);
}

/** One line that says what to do about it, where that is known. */
function lineOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && path !== undefined) return `there is no file or folder ${path}`;
  if (code === 'EACCES' && path !== undefined) return `${path} may not be read or written by this user`;
  return error.message.replace(/\s*\n\s*/g, ' ');
}
