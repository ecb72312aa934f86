/** The Express frame: what is not FHIR. Liveness, readiness and metrics today; the pages come here. */
import express, { type Express, type NextFunction, type Request, type Response } from 'express';

export interface AppOptions {
  /** resolves when the store answers */
  readonly ready: () => Promise<void>;
  /** Prometheus text */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly publicUrl: string;
}

export function webApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
  app.get('/readyz', async (_request, response) => {
    try {
      await options.ready();
      response.json({ status: 'ready' });
    } catch {
      response.status(503).set('retry-after', '1').json({ status: 'the store does not answer' });
    }
  });
  app.get('/metrics', async (_request, response) => {
    const { contentType, text } = await options.metrics();
    response.type(contentType).send(text);
  });
  app.get('/', (_request, response) => {
    response
      .type('text/plain')
      .send(`Embergate, a FHIR R4 server. The FHIR base is ${options.publicUrl}/fhir\n`);
  });
  app.use((request, response) => {
    response
      .status(404)
      .type('text/plain')
      .send(`There is nothing at ${request.path}. The FHIR base is ${options.publicUrl}/fhir\n`);
  });
  // Without this Express shows the stack.
  app.use((_error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    response.status(500).type('text/plain').send('The server failed to answer this\n');
  });
  return app;
}
