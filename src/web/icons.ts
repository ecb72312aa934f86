/** The few pictures that help to find one's way, drawn for this place: 24 units, one stroke, the colour of the text. */
import { html, type Html } from './html.ts';

const PATHS = {
  flame: html`<path
    d="M12 3c1 4 5 5.5 5 10.5a5 5 0 0 1-10 0c0-2 1-3 2-4 .5 1.500 1.200 2 2 2.500 0-3-.5-5.500 1-9z"
  />`,
  check: html`<path d="M5 13l4 4L19 7" />`,
  cross: html`<path d="M6 6l12 12M18 6L6 18" />`,
  alert: html`<circle cx="12" cy="12" r="9" /><path d="M12 7v6M12 16.500v.5" />`,
  search: html`<circle cx="11" cy="11" r="6" /><path d="M20 20l-4.500-4.500" />`,
  key: html`<circle cx="8" cy="15" r="4" /><path d="M11 12l8-8M15.500 7.500l3 3" />`,
  outside: html`<path d="M9 5H5v14h14v-4M13 5h6v6M19 5l-8 8" />`,
} as const;

/** For the eye alone: the words beside it say the same. */
export function icon(name: keyof typeof PATHS): Html {
  return html`<svg
    class="icon"
    viewBox="0 0 24 24"
    width="24"
    height="24"
    aria-hidden="true"
    focusable="false"
  >
    ${PATHS[name]}
  </svg>`;
}
