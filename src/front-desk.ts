/** What the pages are given of the house: the record through the same door as any client's requests, and what may be launched. */
import type { CapabilityStatement } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { OPEN_ACCESS, type AccessContext } from './access/context.ts';
import type { Composition } from './compose.ts';
import type { Config } from './config.ts';
import { dispatch } from './rest/dispatch.ts';
import type { FhirRequest, ResponseBody } from './rest/request.ts';
import { metricsText } from './telemetry/metrics.ts';
import type { AppOptions } from './web/app.ts';
import { ownAssets } from './web/assets.ts';
import type { Site } from './web/frame.ts';

export const SITE_NAME = 'Embergate';

export function siteOf({ publicUrl }: Config, version: string): Site {
  return { name: SITE_NAME, version, publicUrl, assets: ownAssets(), now: Date.now };
}

export function frontDesk(composition: Composition, config: Config, site: Site): AppOptions {
  const record = async () => (await composition.record('default'))!;
  const base = `${config.publicUrl}/fhir`;
  const get = async (access: AccessContext, path: readonly string[], query: FhirRequest['query'] = []) => {
    const request: FhirRequest = { method: 'GET', path, query, headers: {}, baseUrl: base, id: randomUUID() };
    const { response } = await dispatch(await record(), access, request);
    return JSON.parse(textOf(response.body)) as unknown;
  };
  return {
    ready: async () => (await record()).store.ping(),
    metrics: metricsText,
    site,
    statement: async () => (await get(OPEN_ACCESS, ['metadata'])) as CapabilityStatement,
    launching: {
      base,
      hasDemo: false,
      users: async () => [],
      patients: async () => [],
      encounters: async () => [],
      banner: async () => undefined,
      create: () => Promise.reject(new RangeError('There is no demo')),
      spend: () => Promise.reject(new RangeError('There is no demo')),
    },
  };
}

function textOf(body: ResponseBody | undefined): string {
  if (body?.kind === 'bytes') return Buffer.from(body.bytes).toString();
  if (body?.kind === 'pieces') return Buffer.concat(body.pieces).toString();
  throw new TypeError('This answer is not a text');
}
