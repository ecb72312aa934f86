// Templates: data stays data wherever it stands, and a template that could not keep that promise does not render.

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { attribute, flag, html, markupOf, type Part } from '../../../src/web/html.ts';

const text = (part: Part): string => markupOf(html`${part}`);

describe('html', () => {
  it('escapes text and quoted attributes, and keeps what templates made', () => {
    const bad = `<b a="1" c='2'>&`;
    expect(markupOf(html`<p title="${bad}">${bad}${html`<i>${1}</i>`}</p>`)).toBe(
      '<p title="&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;">&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;<i>1</i></p>',
    );
  });

  it('shows nothing for undefined, false and an empty list, and a list in a row', () => {
    expect([text(undefined), text(false), text([]), text(['<', [html`<b></b>`], 2])]).toEqual([
      '',
      '',
      '',
      '&lt;<b></b>2',
    ]);
  });

  it('takes no data for markup', () => {
    const forged = JSON.parse('{"Symbol(markup)":"<script>","markup":"<script>"}') as Part;
    expect(() => text(forged)).toThrow();
  });

  it('sets and leaves out attributes', () => {
    // prettier-ignore
    expect(markupOf(html`<input ${flag('checked', true)} ${flag('disabled', false)}>`)).toBe('<input checked >');
    expect(markupOf(html`<a ${attribute('aria-label', '"')} ${attribute('title')}></a>`)).toBe(
      '<a aria-label="&quot;" ></a>',
    );
  });

  it.each([
    'javascript:alert(1)',
    ' JaVaScRiPt:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
  ])('does not link to %j', (address) =>
    expect(markupOf(html`<a href="${address}">x</a>`)).toBe('<a href="about:invalid#blocked">x</a>'),
  );

  it.each(['https://a.example/b?c=d:e', '/apps?x=a:b', '#top', 'mailto:a@b.example', 'a/b:c', ''])(
    'links to %j',
    (address) => expect(markupOf(html`<a href="${address}">x</a>`)).toBe(`<a href="${address}">x</a>`),
  );

  it('looks at the scheme only where the value begins the address', () => {
    expect(markupOf(html`<a href="/x?to=${'javascript:1'}">x</a>`)).toBe(
      '<a href="/x?to=javascript:1">x</a>',
    );
  });

  // prettier-ignore
  const refused: readonly [string, () => unknown][] = [
    ['a script', () => html`<script>${'x'}</script>`],
    ['a style', () => html`<style>${'x'}</style>`],
    ['an unquoted attribute', () => html`<p title=${'x'}></p>`],
    ['a tag', () => html`<p ${'onclick=x'}></p>`],
    ["a tag's name", () => html`<${'script'}></p>`],
    ['a handler', () => html`<p onclick="${'x'}"></p>`],
    ['a style attribute', () => html`<p style="${'x'}"></p>`],
    ['a single-quoted attribute', () => html`<p title='${'x'}'></p>`],
    ['a comment', () => html`<!-- ${'x'} -->`],
    ['markup in an attribute', () => html`<p title="${html`<b></b>`}"></p>`],
    ['a flag in text', () => html`<p>${flag('checked', true)}</p>`],
  ];
  it.each(refused)('refuses a value in %s', (_where, make) => expect(make).toThrow(TypeError));

  it('goes on after a script of its own origin', () => {
    // prettier-ignore
    expect(markupOf(html`<script src="${'/a.js'}"></script><p>${'<'}</p>`)).toBe('<script src="/a.js"></script><p>&lt;</p>');
  });

  it('never lets a value open a tag, a quote or an entity', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const made = markupOf(html`<p title="${value}">${value}</p>`);
        const [, inside, between] = /^<p title="([^]*)">([^]*)<\/p>$/.exec(made)!;
        for (const one of [inside!, between!]) {
          expect(one).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)/);
        }
      }),
    );
  });
});
