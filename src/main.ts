/** The entry: `embergate serve` and all other commands. */
import { readConfig, type Config } from './config.ts';
import { ConfigError } from './setting.ts';
import { runProgram } from './cli/program.ts';
import { banner, type DemoPeople } from './banner.ts';

/** Serves until SIGINT or SIGTERM; then drains, closes the store and exits 0. A signal that comes during the start is kept until it is done. */
async function serve(): Promise<void> {
  const config: Config = readConfig();
  const { start } = await import('./serve.ts');
  const starting = start(config);
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    starting
      .then((running) => running.stop())
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  const running = await starting;
  const people = running.hasDemo ? await demoPeople() : undefined;
  console.log(banner({ config, url: running.url, people, access: running.demoAccess }));
}

/** The demo's people are made from its seed; a server without the demo never loads their maker. */
async function demoPeople(): Promise<DemoPeople> {
  const [{ demoIdentities }, { DEMO_SEED }] = await Promise.all([
    import('./demo/records.ts'),
    import('./demo-wanted.ts'),
  ]);
  return demoIdentities(DEMO_SEED);
}

try {
  await runProgram(process.argv, { serve });
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(`embergate: ${error.message}`);
  process.exit(1);
}
