/** A refusal that is shown by us: as a page to browsers, as JSON to all others. https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1 */
import type { KoaContextWithOIDC } from 'oidc-provider';
import { randomUUID } from 'node:crypto';
import { problemView } from './explain.ts';
import { problemIn } from './reasons.ts';
import { text } from './resource-server.ts';
import type { SmartTenant } from './tenant.ts';

interface ErrorOut {
  readonly error?: string;
  readonly error_description?: string;
}

/** The hook of the library. Browsers are those that take HTML. */
export function renderProblem(
  { pages }: SmartTenant,
  ctx: KoaContextWithOIDC,
  out: ErrorOut,
  error: Error,
): void {
  const requestId = text(ctx.req.headers['x-request-id']) ?? randomUUID();
  if (ctx.accepts('json', 'html') !== 'html') {
    ctx.type = 'json';
    ctx.body = out;
    return;
  }
  const view = problemView(problemIn(ctx, error), requestId);
  for (const [name, value] of Object.entries(pages.headers)) ctx.set(name, value);
  ctx.status = error.name === 'InvalidRedirectUri' || ctx.status < 400 ? view.status : ctx.status;
  ctx.type = 'html';
  ctx.body = pages.problem({ ...view, status: ctx.status });
}
