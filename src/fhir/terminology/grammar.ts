/**
 * Code systems that are a grammar, not a list: whether a code is well formed is all that can be said of it here.
 * https://hl7.org/fhir/R4/terminologies-systems.html
 */

/** BCP 47, https://www.rfc-editor.org/rfc/rfc5646#section-2.1 */
const LANGUAGE =
  /^(?:(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3})){0,8}(?:-[a-wyz0-9](?:-[a-z0-9]{2,8}){1,8}){0,8}(?:-x(?:-[a-z0-9]{1,8}){1,8})?|x(?:-[a-z0-9]{1,8}){1,8})$/i;

/** BCP 13, https://www.rfc-editor.org/rfc/rfc6838#section-4.2, with parameters */
const MEDIA_TYPE =
  /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9*][a-z0-9!#$&^_.+-]{0,126}(?:\s*;\s*[a-z0-9!#$&^_.+-]{1,64}=(?:"[^"]{0,256}"|[^\s;"]{1,256})){0,16}$/i;

export type Grammar = (code: string) => boolean;

/** System -> whether a code of it is well formed. */
export const GRAMMARS: ReadonlyMap<string, Grammar> = new Map<string, Grammar>([
  ['urn:ietf:bcp:47', (code) => LANGUAGE.test(code)],
  ['urn:ietf:bcp:13', (code) => MEDIA_TYPE.test(code)],
]);
