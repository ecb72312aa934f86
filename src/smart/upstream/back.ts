/** Where it goes on with who came back from another provider. */
import type { Assurance } from '../visitor.ts';

export type Back =
  | { readonly kind: 'own'; readonly returnTo: string; readonly asked: Assurance }
  | { readonly kind: 'step'; readonly uid: string }
  | { readonly kind: 'link'; readonly accountId: string; readonly sessionUid: string };
