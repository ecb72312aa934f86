/**
 * Holds the audit trail against its own chains, and against an archive that was made of it before: any change, gap, forgery or cut-off tail is told
 * (docs/adr/0031-audit.md).
 */
import { auditSeal, BEGINNING, pageHash, type AuditSeal, type Link } from '../../store/audit-chain.ts';
import type { AuditHead, AuditPage, AuditStore } from '../../store/audit-port.ts';

export interface Verified {
  readonly chains: number;
  readonly pages: number;
  readonly events: number;
  /** ms since 1970 of the newest */
  readonly newest: number | undefined;
  /** a sentence each; none when all is well */
  readonly faults: readonly string[];
}

/** Faults that are told: after so many it is plain that something is wrong. */
const MOST_FAULTS = 50;

/** `anchors`: heads of an archive, which the trail must still hold. */
export async function verifyTrail(
  { audit, secret }: { readonly audit: AuditStore; readonly secret: Uint8Array },
  anchors: readonly AuditHead[] = [],
): Promise<Verified> {
  const seal = auditSeal(secret);
  // Heads first: what is appended meanwhile makes chains longer than they say, never shorter.
  const heads = await audit.heads();
  const register = await audit.register();
  const faults: string[] = [];
  const tell = (fault: string): void => {
    if (faults.length < MOST_FAULTS) faults.push(fault);
  };
  const proven = provenHeads(seal, heads, tell);
  const wanted = [...proven, ...anchors];
  const marks = new Map<string, string | undefined>(
    wanted.filter(({ seq }) => seq > 0).map((head) => [markOf(head), undefined]),
  );
  const walked = await walk(audit, seal, marks, tell);
  const { ends } = walked;
  for (const head of proven) judgeEnd(head, ends, marks, 'its head', tell);
  for (const head of anchors) judgeEnd(head, ends, marks, 'the archive', tell);
  judgeRegister(seal, register, heads, ends, tell);
  return { chains: ends.size, pages: walked.pages, events: walked.events, newest: walked.newest, faults };
}

type Tell = (fault: string) => void;
const markOf = ({ chain, seq }: { readonly chain: string; readonly seq: number }): string =>
  `${chain} ${seq}`;

function provenHeads(seal: AuditSeal, heads: readonly AuditHead[], tell: Tell): AuditHead[] {
  return heads.filter((head) => {
    const isOurs = seal.head(head.chain, head).mac === head.mac;
    if (!isOurs) tell(`The head of chain ${head.chain} was changed: its proof does not fit`);
    return isOurs;
  });
}

interface Walked {
  readonly ends: ReadonlyMap<string, Link>;
  readonly pages: number;
  readonly events: number;
  readonly newest: number | undefined;
}

async function walk(
  audit: AuditStore,
  seal: AuditSeal,
  marks: Map<string, string | undefined>,
  tell: Tell,
): Promise<Walked> {
  const ends = new Map<string, Link>();
  let [pages, events, newest] = [0, 0, undefined as number | undefined];
  for await (const page of audit.walk()) {
    pages++;
    events += linesIn(page.body);
    newest = Math.max(newest ?? 0, page.at);
    judgePage(seal, page, ends.get(page.chain) ?? BEGINNING, tell);
    if (marks.has(markOf(page))) marks.set(markOf(page), page.hash);
    ends.set(page.chain, { seq: page.seq, hash: page.hash });
  }
  return { ends, pages, events, newest };
}

function judgePage(seal: AuditSeal, page: AuditPage, before: Link, tell: Tell): void {
  const { chain, seq } = page;
  const name = `Page ${seq} of chain ${chain}`;
  if (seq !== before.seq + 1) {
    tell(
      seq <= before.seq
        ? `${name} stands behind page ${before.seq}: pages were put into another order`
        : `${name} follows page ${before.seq}: ${seq - before.seq - 1} between them ${seq - before.seq === 2 ? 'is' : 'are'} missing`,
    );
  } else if (pageHash(before.hash, page) !== page.hash) {
    tell(`${name} was changed, or the one before it: its hash does not fit`);
  }
  if (seal.pageMac(page) !== page.mac) tell(`${name} was not made by this server: its proof does not fit`);
}

function judgeEnd(
  head: AuditHead,
  ends: ReadonlyMap<string, Link>,
  marks: ReadonlyMap<string, string | undefined>,
  by: string,
  tell: Tell,
): void {
  const { chain, seq, hash } = head;
  if (seq === 0) return;
  const end = ends.get(chain);
  if (!end) tell(`Chain ${chain} is gone: by ${by} it had ${seq} pages`);
  else if (end.seq < seq)
    tell(`The end of chain ${chain} was cut off: it has ${end.seq} pages, by ${by} ${seq}`);
  else if (marks.get(markOf(head)) !== hash)
    tell(`Page ${seq} of chain ${chain} is not the one that ${by} tells of`);
}

function judgeRegister(
  seal: AuditSeal,
  register: Awaited<ReturnType<AuditStore['register']>>,
  heads: readonly AuditHead[],
  ends: ReadonlyMap<string, Link>,
  tell: Tell,
): void {
  const chains = new Set(heads.map(({ chain }) => chain));
  for (const chain of ends.keys()) if (!chains.has(chain)) tell(`Chain ${chain} has no head: it was removed`);
  if (!register) {
    if (chains.size + ends.size > 0) tell('The register of chains was removed');
    return;
  }
  if (seal.register(register.chains).mac !== register.mac)
    tell('The register of chains was changed: its proof does not fit');
  for (const chain of register.chains)
    if (!chains.has(chain)) tell(`Chain ${chain} stands in the register and has no head: it was removed`);
  for (const { chain, seq } of heads)
    if (seq > 0 && !register.chains.includes(chain)) tell(`Chain ${chain} does not stand in the register`);
}

const NEWLINE = 0x0a;

function linesIn(body: Uint8Array): number {
  let lines = 1;
  for (let at = body.indexOf(NEWLINE); at >= 0; at = body.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}
