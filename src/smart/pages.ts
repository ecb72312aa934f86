/**
 * What the pages of a launch are given to show. The authorization server decides and fills in; `web` renders (and cannot decide). Every form posts
 * to `form.action` with the hidden field `csrf`. Each function gives a whole HTML document.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
 */

export interface FormTarget {
  /** where the form is posted to */
  readonly action: string;
  /** value of the hidden field `csrf` */
  readonly csrf: string;
}

/** The app as a person should recognise it. */
export interface AppView {
  readonly clientId: string;
  readonly name: string;
  /** on our own origin, or undefined */
  readonly logoUrl?: string;
  readonly website?: string;
  /** who vouches for it, in words: "registered by this hospital", "registered itself on 3 March 2026" */
  readonly vouchedBy: string;
}

export interface PersonView {
  readonly id: string;
  readonly name: string;
  /** FHIR date, perhaps partial */
  readonly birthDate?: string;
  readonly sex?: string;
  readonly recent?: boolean;
}

/** Who is signed in. `other`: a POST there lets another person sign in instead; absent where the launch is this user's alone. */
export interface SignedInView {
  readonly name: string;
  /** "clinician" */
  readonly who: string;
  readonly other?: FormTarget;
}

/** Another place to sign in at: a POST of `back` to `form`. */
export interface OtherProviderView {
  readonly form: FormTarget;
  readonly name: string;
  readonly back: string;
}

/** Fields `username`, `password`; or `assertion` alone: what the browser made with a passkey, as JSON. */
export interface SignInView {
  readonly form: FormTarget;
  readonly app?: AppView;
  readonly site: string;
  /** why someone who is signed in is asked again, a sentence */
  readonly why?: string;
  /** PublicKeyCredentialRequestOptionsJSON; absent where browsers make no passkeys for this address */
  readonly passkey?: string;
  readonly others?: readonly OtherProviderView[];
  readonly username?: string;
  /** one sentence; never says which half was wrong */
  readonly error?: string;
  /** shown as a hint where the demo is on */
  readonly demoAccounts?: readonly { readonly username: string; readonly who: string }[];
}

/** The second step. Fields `passed`, and `code` or `assertion`. */
export interface SecondStepView {
  readonly form: FormTarget;
  readonly app?: AppView;
  readonly site: string;
  /** of the person */
  readonly name: string;
  /** that the first step is done */
  readonly passed: string;
  /** an authenticator app has been set up */
  readonly hasApp: boolean;
  readonly passkey?: string;
  /** recovery codes that are left */
  readonly codesLeft: number;
  readonly error?: string;
}

/** The sign-in is not as strong as what it is for needs. `cancel`: goes back to the app without signing in. */
export interface TooWeakView {
  readonly site: string;
  readonly app?: AppView;
  /** what is needed, a clause: "a passkey" */
  readonly needed: string;
  readonly again: FormTarget;
  readonly cancel?: FormTarget;
}

/** Asks whether to sign out: a button. */
export interface SignOutView {
  readonly form: FormTarget;
  readonly site: string;
  readonly name: string;
}

/**
 * A button a patient: field `patient`. Search: the same page again after a POST of `name` to `search`, so that no name is ever in an address,
 * a history or a log; the page searches as one types by the same POST.
 */
export interface SelectPatientView {
  readonly form: FormTarget;
  readonly search: FormTarget;
  readonly app: AppView;
  readonly user: SignedInView;
  readonly asked?: string;
  readonly patients: readonly PersonView[];
  /** there are more than are shown */
  readonly more: boolean;
}

/** A button an encounter: field `encounter`; a button "No particular visit" (empty value) where `optional`. */
export interface SelectEncounterView {
  readonly form: FormTarget;
  readonly app: AppView;
  readonly user: SignedInView;
  readonly patient: PersonView;
  readonly optional: boolean;
  readonly encounters: readonly {
    readonly id: string;
    readonly label: string;
    /** FHIR dateTime */
    readonly start?: string;
    readonly status: string;
    readonly place?: string;
  }[];
}

/**
 * One checkbox: field `scope`, its value sent when ticked. Children narrow it: where any is ticked the parent's value does not count.
 * `permissionsOf` (permissions.ts) makes them and `narrow` reads them back.
 */
export interface PermissionView {
  /** one scope or several, separated by spaces */
  readonly value: string;
  /** plain words: "Lab results" */
  readonly title: string;
  /** plain words, a clause: "see", "see and add" */
  readonly can: string;
  /** the scope as the specification writes it, for developers */
  readonly scope: string;
  readonly ticked: boolean;
  /** everything of the record, now and in future: said plainly */
  readonly wildcard?: boolean;
  readonly children?: readonly PermissionView[];
}

/** Fields: `scope` (repeated), `duration` (one of the values), `decision` = `allow` | `deny`. */
export interface ConsentView {
  readonly form: FormTarget;
  readonly app: AppView;
  readonly user: SignedInView;
  /** whose record; absent for `user/` access to all records that the user may see */
  readonly patient?: PersonView;
  readonly permissions: readonly { readonly group: string; readonly items: readonly PermissionView[] }[];
  /** "change anything", "see notes": clauses after "It will not be able to" */
  readonly cannot: readonly string[];
  /** absent: access ends with the token */
  readonly duration?: {
    readonly kind: 'offline' | 'online';
    readonly choices: readonly { readonly value: string; readonly label: string; readonly chosen: boolean }[];
  };
  readonly error?: string;
}

/** A refusal that cannot or should not go back to the app. */
export interface ProblemView {
  readonly status: number;
  readonly title: string;
  /** the fault in one sentence, for a person who only wanted to open an app */
  readonly sentence: string;
  /** for the developer */
  readonly detail?: {
    readonly sent?: string;
    readonly expected?: string;
    /** registered values, nearest first */
    readonly nearest?: readonly string[];
    readonly fix: string;
    readonly rule: { readonly text: string; readonly url: string };
  };
  /** who can mend it: "the developer of the app", "you", "this hospital" */
  readonly whoCanFix: string;
  readonly requestId: string;
}

export interface Pages {
  /** to be sent with every page of a launch: content type, CSP, no-store, never framed */
  readonly headers: Readonly<Record<string, string>>;
  signIn(view: SignInView): string;
  secondStep(view: SecondStepView): string;
  tooWeak(view: TooWeakView): string;
  signOut(view: SignOutView): string;
  selectPatient(view: SelectPatientView): string;
  selectEncounter(view: SelectEncounterView): string;
  consent(view: ConsentView): string;
  problem(view: ProblemView): string;
}
