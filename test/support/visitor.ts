/** A person with a browser, as far as the pages of a launch need one: cookies, forms, and redirects that are followed up to the app. */

export interface Visit {
  readonly status: number;
  readonly url: string;
  readonly headers: Headers;
  readonly text: string;
}

interface Cookie {
  readonly value: string;
  readonly path: string;
}

export class Visitor {
  readonly #cookies = new Map<string, Cookie>();

  /** One request, no redirect followed. */
  async send(
    method: 'GET' | 'POST',
    url: string,
    form?: URLSearchParams,
    headers: Record<string, string> = {},
  ): Promise<Visit> {
    const { pathname } = new URL(url);
    const cookies = [...this.#cookies].filter(([, { path }]) => pathname.startsWith(path));
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        ...(cookies.length > 0 && {
          cookie: cookies.map(([key, { value }]) => `${key.split(' ')[0]}=${value}`).join('; '),
        }),
        ...headers,
      },
      ...(form && { body: form }),
    });
    response.headers.getSetCookie().forEach((line) => this.#keep(line));
    return { status: response.status, url, headers: response.headers, text: await response.text() };
  }

  /** Follows redirects as long as they lead to the origin of the start. */
  async follow(visit: Visit): Promise<Visit> {
    const { origin } = new URL(visit.url);
    let at = visit;
    for (let hops = 0; hops < 20; hops++) {
      const location = at.headers.get('location');
      if (location === null || at.status < 300 || at.status >= 400) return at;
      const next = new URL(location, at.url).href;
      if (!next.startsWith(`${origin}/`) || next.includes('/app/')) return at;
      at = await this.send('GET', next);
    }
    throw new Error('redirects without end');
  }

  async open(url: string): Promise<Visit> {
    return this.follow(await this.send('GET', url));
  }

  /** Fills in and sends the form of a page whose action ends with `to` (the first one otherwise). */
  async submit(page: Visit, fields: readonly (readonly [string, string])[], to = ''): Promise<Visit> {
    const form = formOf(page.text, to);
    const data = new URLSearchParams([
      ['csrf', form.csrf],
      ...fields.map(([name, value]) => [name, value] as [string, string]),
    ]);
    return this.follow(await this.send('POST', new URL(form.action, page.url).href, data));
  }

  cookies(): ReadonlyMap<string, Cookie> {
    return this.#cookies;
  }

  /** Sets a cookie, as one who has stolen it would. */
  take(key: string, cookie: Cookie): void {
    this.#cookies.set(key, cookie);
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const at = pair.indexOf('=');
    const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? '/';
    const key = `${pair.slice(0, at)} ${path}`;
    const isGone = attributes.some((one) => /^expires=Thu, 01 Jan 1970/i.test(one));
    if (isGone) this.#cookies.delete(key);
    else this.#cookies.set(key, { value: pair.slice(at + 1), path });
  }
}

export interface ParsedForm {
  readonly action: string;
  readonly csrf: string;
}

export function formOf(html: string, to = ''): ParsedForm {
  for (const [whole, attributes = ''] of html.matchAll(/<form\b([^>]*)>[\s\S]*?<\/form>/g)) {
    const action = unescaped(/\baction="([^"]*)"/.exec(attributes)?.[1] ?? '');
    const hidden = /<input\b[^>]*name="csrf"[^>]*>/.exec(whole)?.[0] ?? '';
    const csrf = unescaped(/\bvalue="([^"]*)"/.exec(hidden)?.[1] ?? '');
    const isMeant = to === '' ? !/\/(?:search|other)$/.test(action) : action.endsWith(to);
    if (csrf !== '' && isMeant) return { action, csrf };
  }
  throw new Error(`no form on this page:\n${html.slice(0, 1500)}`);
}

/** Values of the inputs or buttons with this name, such as those that are `checked`. */
export function valuesOf(html: string, name: string, isMeant = /./): readonly string[] {
  const tags = html.match(/<(?:input|button)\b[^>]*>/g) ?? [];
  return tags.flatMap((tag) => {
    if (!new RegExp(`\\bname="${name}"`).test(tag) || !isMeant.test(tag)) return [];
    return unescaped(/\bvalue="([^"]*)"/.exec(tag)?.[1] ?? '');
  });
}

const unescaped = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#x27;', "'")
    .replaceAll('&amp;', '&');
