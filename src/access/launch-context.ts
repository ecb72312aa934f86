/**
 * What a launch knows: whose record, which visit, who the user is. It is kept with the access token (`extra` of its record), goes out beside the
 * token and in introspection, and comes back on refresh.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#launch-context-arrives-with-your-access_token
 */

export interface ContextItem {
  readonly reference?: string;
  readonly canonical?: string;
  readonly identifier?: { readonly system?: string; readonly value?: string };
  readonly type?: string;
  readonly role?: string;
}

/** Field names as SMART has them in the token response. */
export interface LaunchContext {
  /** bare id */
  readonly patient?: string;
  /** bare id */
  readonly encounter?: string;
  readonly fhirContext?: readonly ContextItem[];
  readonly need_patient_banner?: boolean;
  readonly intent?: string;
  readonly smart_style_url?: string;
  readonly tenant?: string;
}
