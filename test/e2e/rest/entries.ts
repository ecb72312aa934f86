/** Entries of Bundles, for tests of batch and transaction. */
import type { Reply } from '../../support/api.ts';

export interface Entry {
  fullUrl?: string;
  resource?: object;
  request: { method: string; url: string; ifNoneExist?: string; ifMatch?: string };
}

export const put = (resource: { resourceType: string; id: string; [name: string]: unknown }): Entry => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
});
/** The statuses of the entries of an answer. */
export const statuses = (reply: Reply): string[] =>
  reply.body.entry.map((one: { response: { status: string } }) => one.response.status.slice(0, 3));
