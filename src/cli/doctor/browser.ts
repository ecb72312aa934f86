/** A browser as small as the pages of a launch need one: cookies, redirects, forms. No script runs in it. https://www.rfc-editor.org/rfc/rfc6265 */

export interface Answer {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const PATIENCE_MS = 20_000;

/** One request, no redirect followed. Throws an Error in one line where there is no answer. */
export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const options = { redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS), ...init } as const;
  const response = await fetch(url, options).catch((error: Error) => {
    throw new Error(
      `${url} gives no answer: ${(error.cause as Error | undefined)?.message ?? error.message}`,
    );
  });
  return { url, status: response.status, headers: response.headers, text: await response.text() };
}

/** The answer's JSON object. Throws where it is none. */
export function jsonOf({ url, status, text }: Answer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Told below.
  }
  throw new Error(`${url} answers ${status} with what is no JSON object: ${text.slice(0, 80)}`);
}

export interface Browser {
  /** goes to an address, and on as long as redirects lead to this server */
  readonly open: (url: string) => Promise<Answer>;
  /** sends the form of a page */
  readonly submit: (page: Answer, fields: readonly (readonly [string, string])[]) => Promise<Answer>;
  /** every Set-Cookie that came, as it came */
  readonly cookies: () => readonly string[];
}

const MOST_HOPS = 15;

/** `origin`: the server; addresses elsewhere are an app's, and are not opened. */
export function browser(origin: string): Browser {
  const jar = new Map<string, { readonly value: string; readonly path: string }>();
  const lines: string[] = [];
  const keep = (line: string): void => {
    lines.push(line);
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const at = pair.indexOf('=');
    const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? '/';
    if (attributes.some((one) => /^(?:max-age=0|expires=Thu, 01 Jan 1970)/i.test(one)))
      jar.delete(pair.slice(0, at));
    else jar.set(pair.slice(0, at), { value: pair.slice(at + 1), path });
  };
  const send = async (url: string, init: RequestInit = {}): Promise<Answer> => {
    const { pathname } = new URL(url);
    const cookie = [...jar]
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
    const headers = { accept: 'text/html', ...(cookie !== '' && { cookie }) };
    const answer = await ask(url, { ...init, headers });
    answer.headers.getSetCookie().forEach(keep);
    return answer;
  };
  const follow = async (answer: Answer): Promise<Answer> => {
    let at = answer;
    for (let hops = 0; hops < MOST_HOPS; hops++) {
      const location = at.headers.get('location');
      if (location === null || at.status < 300 || at.status > 399) return at;
      const next = new URL(location, at.url).href;
      if (!next.startsWith(`${origin}/`) || next.includes(CALLBACK_MARK)) return at;
      at = await send(next);
    }
    throw new Error(`${answer.url} redirects without end`);
  };
  return {
    open: async (url) => follow(await send(url)),
    submit: async (page, fields) => {
      const { action, csrf } = formOf(page);
      const body = new URLSearchParams([
        ['csrf', csrf],
        ...fields.map((pair): [string, string] => [...pair]),
      ]);
      return follow(await send(new URL(action, page.url).href, { method: 'POST', body }));
    },
    cookies: () => lines,
  };
}

/** Stands in the addresses of the doctor's own apps, so that a browser knows that it is back at one. */
export const CALLBACK_MARK = 'embergate-doctor';

function formOf({ text, url, status }: Answer): { readonly action: string; readonly csrf: string } {
  for (const [whole, attributes = ''] of text.matchAll(/<form\b([^>]*)>[\s\S]*?<\/form>/g)) {
    const action = plain(/\baction="([^"]*)"/.exec(attributes)?.[1] ?? '');
    const hidden = /<input\b[^>]*name="csrf"[^>]*>/.exec(whole)?.[0] ?? '';
    const csrf = plain(/\bvalue="([^"]*)"/.exec(hidden)?.[1] ?? '');
    if (csrf !== '' && !/\/(?:search|other)$/.test(action)) return { action, csrf };
  }
  throw new Error(`${url} answers ${status} with a page without a form`);
}

/** Values of the inputs and buttons of a name. */
export function valuesOf({ text }: Answer, name: string, isMeant = /./): readonly string[] {
  const tags = text.match(/<(?:input|button)\b[^>]*>/g) ?? [];
  return tags.flatMap((tag) =>
    new RegExp(`\\bname="${name}"`).test(tag) && isMeant.test(tag)
      ? [plain(/\bvalue="([^"]*)"/.exec(tag)?.[1] ?? '')]
      : [],
  );
}

export const hasField = ({ text }: Answer, name: string): boolean =>
  new RegExp(`\\bname="${name}"`).test(text);

const plain = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
