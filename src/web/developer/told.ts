/** What is told once: kept, encrypted, between the form and the page behind it, for a few minutes and one look. */
import type { Workbench } from '../../smart/developer/workbench.ts';
import type { Told } from './app-page.ts';
import type { Workshop } from './workshop.ts';

const MODEL = 'Told';
const KEPT_MS = 300_000;

const idOf = ({ id }: Workbench, clientId: string): string => `${id} ${clientId}`;

export async function keepTold(
  workshop: Workshop,
  bench: Workbench,
  clientId: string,
  told: Told,
  now: number,
): Promise<void> {
  const payload = JSON.stringify({ sealed: (await workshop.keys()).seal(JSON.stringify(told)) });
  await (
    await workshop.tokens()
  ).put({ model: MODEL, id: idOf(bench, clientId), payload, expiresAt: now + KEPT_MS, clientId });
}

export async function tellOnce(
  workshop: Workshop,
  bench: Workbench,
  clientId: string,
  now: number,
): Promise<Told | undefined> {
  const tokens = await workshop.tokens();
  const record = await tokens.find(MODEL, idOf(bench, clientId), now);
  if (!record || !(await tokens.remove(MODEL, record.id))) return undefined;
  const { sealed } = JSON.parse(record.payload) as { sealed: string };
  return JSON.parse((await workshop.keys()).open(sealed)) as Told;
}
