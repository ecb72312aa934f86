/**
 * The accounts of a tenant as the authorization server asks for them: who has this id, does this password sign in, who may try the demo. What a
 * person is told about a refusal is said here. https://www.rfc-editor.org/rfc/rfc9700
 */
import type { TokenStore } from '../store/ports.ts';
import { accountById, accounts, ROLES, signIn, type Account, type Role, type SignIn } from './accounts.ts';

/** One sentence for the person; `retryAfter` in seconds. */
export interface Refused {
  readonly refused: string;
  readonly retryAfter?: number;
}

export interface AccountDirectory {
  find(id: string): Promise<Account | undefined>;
  /** `device`: a random value that the browser keeps, where it has one */
  signIn(
    username: string,
    password: string,
    address: string,
    device?: string,
  ): Promise<{ readonly account: Account } | Refused>;
  /** the demo's accounts; none where there is no demo */
  demo(): Promise<readonly { readonly username: string; readonly who: string }[]>;
}

const WHO: Readonly<Record<Role, string>> = {
  practitioner: 'a clinician',
  patient: 'a patient',
  related: 'family of a patient',
  operator: 'runs the server, sees no records',
};

export function accountDirectory(tokens: TokenStore): AccountDirectory {
  return {
    find: (id) => accountById(tokens, id, Date.now()),
    signIn: async (username, password, address, device) => {
      const answer = await signIn(tokens, username, password, address, Date.now(), { device });
      return 'account' in answer ? answer : told(answer);
    },
    demo: async () => {
      const all = await accounts(tokens, Date.now());
      const shown = all.filter(({ demo, disabled }) => demo && !disabled);
      const inOrder = shown.sort((a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role));
      return inOrder.map(({ username, name, role }) => ({ username, who: `${name}, ${WHO[role]}` }));
    },
  };
}

function told(answer: Exclude<SignIn, { account: Account }>): Refused {
  switch (answer.refused) {
    case 'credentials':
      return { refused: 'The user name or the password is not right.' };
    case 'disabled':
      return { refused: 'This account is switched off: ask whoever runs this server.' };
    case 'too-many':
      return {
        refused: `There were too many attempts: try again in ${inWords(answer.retryAfter)}.`,
        retryAfter: answer.retryAfter,
      };
    case 'busy':
      return {
        refused: 'Too many people are signing in at this moment: try again in a few seconds.',
        retryAfter: answer.retryAfter,
      };
  }
}

export function inWords(seconds: number): string {
  if (seconds <= 90) return seconds === 1 ? 'a second' : `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
