/** ETags and times of a version: `W/"3"`, HTTP dates. https://hl7.org/fhir/R4/http.html#versions */

export const etag = (versionId: number): string => `W/"${versionId}"`;

/** Whether an If-Match or If-None-Match header names this version; `*` names any. */
export function names(header: string, versionId: number): boolean {
  return header.split(',').some((one) => {
    const tag = one.trim();
    return tag === '*' || tag.replace(/^W\//, '').replace(/^"(.*)"$/, '$1') === String(versionId);
  });
}

let cachedSecond = -1;
let cachedDate = '';

/** The HTTP date of an instant in ms (a second's precision). */
export function httpDate(instant: number): string {
  const second = Math.floor(instant / 1000);
  if (second !== cachedSecond) {
    cachedSecond = second;
    cachedDate = new Date(second * 1000).toUTCString();
  }
  return cachedDate;
}
