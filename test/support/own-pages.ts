// Doubles of what stands behind the pages for people who are signed in: a door that lets one person in, and what they have.

import type { Door, Draft, Visitor } from '../../src/smart/visitor.ts';
import type { UserAccount } from '../../src/smart/tenant.ts';

export const CSRF = 'c5rf-t0ken';

export interface OpenDoor extends Door {
  /** what was kept over a sign-in */
  readonly drafts: Map<string, Draft>;
}

export interface DoorOptions {
  /** nobody when absent */
  readonly account?: UserAccount;
  /** the sign-in is as old as it can be */
  readonly stale?: boolean;
}

/** Signing in again is not needed, or cannot be done: this door never asks for a password. */
export function door({ account, stale = false }: DoorOptions): OpenDoor {
  const drafts = new Map<string, Draft>();
  const visitor: Visitor | undefined = account && {
    account,
    sessionUid: 'session-1',
    authTime: 1_700_000_000,
    acr: 'urn:embergate:acr:pwd',
    csrf: CSRF,
  };
  const signIn: Door['signIn'] = (returnTo) => `/oidc/sign-in?return=${encodeURIComponent(returnTo)}`;
  return {
    drafts,
    visitor: async () => visitor,
    proves: (_visitor, csrf) => csrf === CSRF,
    meets: (_visitor, asked) => !stale || asked.maxAge === undefined,
    signIn,
    signInWithDraft: async (_visitor, draft) => {
      const id = `draft-${drafts.size}`;
      drafts.set(id, draft);
      return signIn(`${draft.path}?draft=${id}`);
    },
    draft: async (_visitor, id) => drafts.get(id),
  };
}

export const people: Readonly<Record<'patient' | 'parent' | 'clinician' | 'admin', UserAccount>> = {
  patient: { id: 'a2', username: 'patient', name: 'Jonas Weber', role: 'patient', fhirUser: 'Patient/jonas' },
  parent: { id: 'a3', username: 'parent', name: 'Lin Chen', role: 'related', fhirUser: 'RelatedPerson/lin' },
  clinician: {
    id: 'a1',
    username: 'clinician',
    name: 'Dr. Alma Reyes',
    role: 'practitioner',
    fhirUser: 'Practitioner/alma',
  },
  admin: { id: 'a4', username: 'admin', name: 'Operator', role: 'operator' },
};
