/** The cookie of a workbench and the proof in its forms. https://www.rfc-editor.org/rfc/rfc6265 */
import type { Request, Response } from 'express';
import { newWorkbenchValue, workbenchOf, type Workbench } from '../../smart/developer/workbench.ts';
import type { Site } from '../frame.ts';
import type { Workshop } from './workshop.ts';

const YEAR_SECONDS = 365 * 86_400;

/** A prefix that browsers keep to the host and to https; on plain http there is none. */
const nameOf = ({ publicUrl }: Site): string =>
  publicUrl.startsWith('https:') ? '__Host-embergate_workbench' : 'embergate_workbench';

function valueOf(site: Site, request: Request): string | undefined {
  const start = `${nameOf(site)}=`;
  const cookie = (request.headers.cookie ?? '').split(/; */).find((one) => one.startsWith(start));
  return cookie?.slice(start.length);
}

/** The workbench of this browser; a new one, with its cookie, where it has none. */
export async function openWorkbench(
  site: Site,
  workshop: Workshop,
  request: Request,
  response: Response,
): Promise<Workbench> {
  const tokens = await workshop.tokens();
  const known = await workbenchOf(tokens, valueOf(site, request), site.now());
  if (known) return known;
  const value = newWorkbenchValue();
  response.append(
    'set-cookie',
    `${nameOf(site)}=${value}; Path=/; Max-Age=${YEAR_SECONDS}; HttpOnly; SameSite=Lax${site.publicUrl.startsWith('https:') ? '; Secure' : ''}`,
  );
  return (await workbenchOf(tokens, value, site.now()))!;
}

const subject = ({ id }: Workbench): string => `workbench ${id}`;

export const csrfOf = async (workshop: Workshop, bench: Workbench): Promise<string> =>
  (await workshop.keys()).proof(subject(bench));

export const isProven = async (workshop: Workshop, bench: Workbench, csrf: unknown): Promise<boolean> =>
  typeof csrf === 'string' && (await workshop.keys()).proves(csrf, subject(bench));
