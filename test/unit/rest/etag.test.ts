// ETags of versions and HTTP dates. https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3

import { describe, expect, it } from '@jest/globals';
import { etag, httpDate, names } from '../../../src/rest/etag.ts';

describe('names', () => {
  it.each([
    ['W/"3"', 3, true],
    ['"3"', 3, true],
    ['3', 3, true],
    ['*', 3, true],
    ['W/"1", W/"3"', 3, true],
    [' W/"3" ', 3, true],
    ['W/"33"', 3, false],
    ['W/"3', 3, false],
    ['W/""', 3, false],
    ['', 3, false],
    ['"03"', 3, false],
    ['W/"3.0"', 3, false],
    ['w/"3"', 3, false],
    ['W/"1","2"', 3, false],
  ])('%s of version %d: %s', (header, version, expected) => {
    expect(names(header, version)).toBe(expected);
  });

  it('takes the ETag that was given', () => {
    expect(names(etag(12), 12)).toBe(true);
    expect(names(etag(12), 1)).toBe(false);
  });
});

describe('httpDate', () => {
  it('has the precision of a second, also for one instant after another', () => {
    expect(httpDate(1_700_000_000_999)).toBe('Tue, 14 Nov 2023 22:13:20 GMT');
    expect(httpDate(1_700_000_000_000)).toBe('Tue, 14 Nov 2023 22:13:20 GMT');
    expect(httpDate(1_700_000_001_000)).toBe('Tue, 14 Nov 2023 22:13:21 GMT');
    expect(httpDate(0)).toBe('Thu, 01 Jan 1970 00:00:00 GMT');
  });
});
