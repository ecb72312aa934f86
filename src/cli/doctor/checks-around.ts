/** What is around: TLS, headers, clock. https://www.rfc-editor.org/rfc/rfc9325, https://www.w3.org/TR/CSP3/ */
import { connect } from 'node:tls';
import { isLoopback } from '../../setting.ts';
import { ask } from './browser.ts';
import { check, must, type Check } from './check.ts';
import { Skipped, type Exam } from './exam.ts';

const LEAST_DAYS = 14;
const isHttps = async (exam: Exam): Promise<boolean> => (await exam.base()).startsWith('https:');

export const AROUND: readonly Check[] = [
  check(
    'tls',
    'the connection is encrypted',
    'put a proxy with TLS in front, and set PUBLIC_URL to https://…',
    async (exam) => {
      const { protocol, hostname } = new URL(await exam.base());
      if (protocol === 'https:') return 'https';
      must(isLoopback(hostname), `${hostname} is served by ${protocol.slice(0, -1)}`);
      return 'this machine alone';
    },
  ),
  check('tls', `the certificate is good for ${LEAST_DAYS} days and more`, 'renew it', async (exam) => {
    if (!(await isHttps(exam))) throw new Skipped('no TLS');
    const days = await daysLeft(new URL(await exam.base()));
    must(days >= LEAST_DAYS, `it ends in ${days} days`);
    return `${days} days`;
  }),
  check('tls', 'browsers are told to stay with TLS', 'set Strict-Transport-Security', async (exam) => {
    if (!(await isHttps(exam))) throw new Skipped('no TLS');
    const header = (await exam.signInPage()).headers.get('strict-transport-security');
    must(header !== null, 'the sign-in page has no Strict-Transport-Security');
    return header;
  }),
  check(
    'headers',
    'the sign-in runs no script of its page, and no one frames it',
    "send Content-Security-Policy with default-src 'self' and frame-ancestors 'none'",
    async (exam) => {
      const policy = (await exam.signInPage()).headers.get('content-security-policy') ?? '';
      must(
        /(?:default|script)-src/.test(policy) && !/unsafe-(?:inline|eval)/.test(policy),
        `it is "${policy}"`,
      );
      must(/frame-ancestors 'none'/.test(policy), `it is "${policy}"`);
      return policy;
    },
  ),
  check('headers', 'types are not guessed', 'send X-Content-Type-Options: nosniff', async (exam) => {
    for (const answer of [await exam.signInPage(), await exam.metadata()])
      must(
        answer.headers.get('x-content-type-options') === 'nosniff',
        `${answer.url.split('?')[0]} lacks it`,
      );
    return 'nosniff';
  }),
  check(
    'headers',
    'tokens are kept by no cache',
    'send Cache-Control: no-store with token responses',
    async (exam) => {
      const { tokenAnswer } = await exam.standalone('public');
      const header = tokenAnswer.headers.get('cache-control') ?? 'missing';
      must(/no-store/.test(header), `Cache-Control is ${header}`);
      return header;
    },
  ),
  check(
    'headers',
    'cookies are out of reach of scripts and of other sites',
    'send them HttpOnly, SameSite, and Secure behind https',
    async (exam) => {
      const { browser: used } = await exam.standalone('public');
      const wanted = ['httponly', 'samesite', ...((await isHttps(exam)) ? ['secure'] : [])];
      for (const line of used.cookies())
        for (const word of wanted)
          must(line.toLowerCase().includes(`; ${word}`), `${line.split('=')[0]} is not ${word}`);
      return wanted.join(', ');
    },
  ),
  check('headers', 'the software behind is not told', 'take X-Powered-By and Server off', async (exam) => {
    const { headers } = await exam.metadata();
    must(!headers.has('x-powered-by'), `X-Powered-By: ${headers.get('x-powered-by')}`);
    must(!/\d/.test(headers.get('server') ?? ''), `Server: ${headers.get('server')}`);
    return 'nothing';
  }),
  check('clock', 'its clock and ours agree to a minute', 'keep the clock by NTP', async (exam) => {
    const before = Date.now();
    const { headers } = await ask(`${await exam.base()}/metadata`, { method: 'HEAD' });
    const header = headers.get('date');
    must(header !== null, 'it sends no Date');
    const seconds = Math.round((Date.parse(header) - before) / 1000);
    must(Math.abs(seconds) <= 60, `it is ${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead'}`);
    return `${seconds} s`;
  }),
  check('clock', 'tokens begin now', 'keep the clocks of all servers by NTP', async (exam) => {
    const { token } = await exam.standalone('public');
    const [, body = ''] = String(token['id_token']).split('.');
    const { iat } = JSON.parse(Buffer.from(body, 'base64url').toString() || '{}') as { iat?: number };
    must(iat !== undefined, 'there is no id_token');
    const seconds = Math.round(iat - Date.now() / 1000);
    must(Math.abs(seconds) <= 60, `iat is ${seconds} s away`);
    return `${seconds} s`;
  }),
];

function daysLeft({ hostname, port }: URL): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port || 443), servername: hostname }, () => {
      const { valid_to: until } = socket.getPeerCertificate();
      socket.destroy();
      resolve(Math.floor((Date.parse(until) - Date.now()) / 86_400_000));
    });
    socket.on('error', reject);
  });
}
