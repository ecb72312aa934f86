/** The pages of our own on a server of the authorization suites: each composition has its Express frame, as each thread has. */
import type { Composition } from '../../src/compose.ts';
import type { SmartServerOptions } from './smart-server.ts';
import { readConfig } from '../../src/config.ts';
import { frontDesk } from '../../src/front-desk.ts';
import { webApp } from '../../src/web/app.ts';

type Pages = NonNullable<SmartServerOptions['pages']>;

/** `origin`: known only once the server listens. `environment`: settings of the test. */
export function ownPages(origin: () => string, environment: Record<string, string> = {}): Pages {
  return (composition: Composition) => {
    let app: ReturnType<typeof webApp> | undefined;
    return (request, response) => {
      const config = readConfig({ DEMO: 'off', ACCESS: 'smart', PUBLIC_URL: origin(), ...environment });
      app ??= webApp(frontDesk(composition, config, '0.0.0'));
      app(request, response);
    };
  };
}
