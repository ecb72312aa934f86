/** What each page about one's own sign-in shows. */
import type { AppSetup, SecurityOverview } from '../../smart/security.ts';

/** What every page of them knows. */
export interface OwnPage {
  /** of the person */
  readonly name: string;
  readonly csrf: string;
  readonly mount: string;
  /** a page that waits for what is set up here: a path of ours */
  readonly returnTo?: string;
}

export interface OverviewView extends OwnPage, SecurityOverview {
  /** what was done a moment ago, a sentence */
  readonly done?: string;
  /** why someone was sent here, a sentence */
  readonly need?: string;
  /** a form that was sent when its sender had to sign in again */
  readonly waiting?: { readonly label: string; readonly fields: readonly (readonly [string, string])[] };
}

export interface AppSetupView extends OwnPage, AppSetup {
  readonly error?: string;
}

export interface PasskeyView extends OwnPage {
  readonly options: string;
  readonly suggested: string;
  readonly error?: string;
}

export interface CodesView extends OwnPage {
  /** undefined: they are shown no more */
  readonly codes?: readonly string[];
}

export interface LinkView extends OwnPage {
  readonly provider: string;
  /** where it goes on from there, sealed */
  readonly back: string;
}

export interface PasswordView extends OwnPage {
  readonly username: string;
  readonly error?: string;
}
