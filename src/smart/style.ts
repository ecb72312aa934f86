/**
 * How an app can look at home here: colours and lengths for `smart_style_url`. A new version has a new address, so it can be kept for good.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#styling
 */
import type { SmartTenant } from './tenant.ts';

export const STYLE_PATH = '/style/1.json';

export const styleUrl = ({ origin, mount }: SmartTenant): string => origin + mount + STYLE_PATH;

/** The properties that SMART names, with the values of our own pages. */
export const SMART_STYLE = {
  color_background: '#ffffff',
  color_error: '#b91c1c',
  color_highlight: '#c2410c',
  color_modal_backdrop: '',
  color_success: '#15803d',
  color_text: '#1c1917',
  dim_border_radius: '6px',
  dim_font_size: '16px',
  dim_spacing_size: '8px',
  font_family_body: "system-ui, 'Segoe UI', Roboto, sans-serif",
  font_family_heading: "system-ui, 'Segoe UI', Roboto, sans-serif",
} as const;
