/**
 * The list of attacks on OAuth and launches: what the suites share, and all of them together.
 * https://www.rfc-editor.org/rfc/rfc9700
 */
import type { SmartServer } from '../../support/smart-server.ts';
import { Visitor } from '../../support/visitor.ts';
import { backendClient, keyPair, type KeyPair } from './assertion.ts';
import * as flow from './flow.ts';

export interface Attacked {
  readonly server: SmartServer;
  readonly people: flow.People;
  /** of the client `backend` */
  readonly keys: KeyPair;
}

/** The clients of the suites; gives the keys of `backend`. */
export async function addClients(server: SmartServer): Promise<KeyPair> {
  const keys = await keyPair('ES384', 'key-1');
  await server.client(flow.PUBLIC_APP);
  await server.client({ ...flow.PUBLIC_APP, client_id: 'other-app' });
  await server.client(flow.CONFIDENTIAL_APP);
  await server.client(backendClient('backend', [keys]));
  await server.client(backendClient('other-backend', [await keyPair('ES384', 'key-2')]));
  return keys;
}

export async function signedIn(server: SmartServer, username: string): Promise<Visitor> {
  const visitor = new Visitor();
  await flow.authorize(server, {}, { username }, visitor);
  return visitor;
}
