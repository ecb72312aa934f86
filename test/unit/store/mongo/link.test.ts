/** Commits that travel from one thread to the queue of another. */
import { expect, it } from '@jest/globals';
import { fault, FhirError } from '../../../../src/fhir/model/outcome.ts';
import { attachment, linkedQueues } from '../../../../src/store/mongo/link.ts';
import type { CommitResult, UnitOfWork } from '../../../../src/store/ports.ts';

const ok: CommitResult = { ok: true, instant: 1, firstSeq: 2 };

function unit(text: string): UnitOfWork {
  const content = {
    body: new Uint8Array(Buffer.from(text)),
    stampAt: 3,
    index: [{ kind: 'key', param: 'p', key: text }],
  } as const;
  const key = { type: 'Patient', id: 'a', expected: 0, versionId: 1 };
  return {
    writes: [
      { ...key, method: 'PUT', content },
      { ...key, id: 'b', method: 'DELETE' },
    ],
    integrity: true,
    jobs: [{ queue: 'q', payload: { a: 1 } }],
  };
}

it('carries units whole and answers each by itself', async () => {
  const heard: [string, UnitOfWork][] = [];
  const { port } = attachment(async (tenant, one) => {
    heard.push([tenant, one]);
    return heard.length === 1 ? ok : { ok: false, conflicts: [{ kind: 'guard', guard: 0 }] };
  });
  const queue = linkedQueues(port)('here');
  const results = await Promise.all([queue.commit(unit('one')), queue.commit(unit('two'))]);
  expect(results).toEqual([ok, { ok: false, conflicts: [{ kind: 'guard', guard: 0 }] }]);
  const [tenant, one] = heard[0]!;
  expect(tenant).toBe('here');
  expect(one).toEqual(unit('one'));
  expect(Buffer.from(one.writes[0]!.content!.body).toString()).toBe('one');
  port.close();
});

it('leaves memory that others share where it is', async () => {
  const { port } = attachment(async () => ok);
  const shared = new Uint8Array(Buffer.from('abcdef').buffer.slice(0, 6));
  const part = shared.subarray(2, 4);
  const content = { body: part, stampAt: -1, index: [] };
  const key = { type: 'Patient', id: 'a', expected: 0, versionId: 1, method: 'PUT' } as const;
  await linkedQueues(port)('here').commit({ writes: [{ ...key, content }] });
  expect(shared).toHaveLength(6);
  port.close();
});

it('carries refusals with status and issues, and defects with their text', async () => {
  const failures = [fault('too-large', 'Too large', 'Patient'), new Error('broken')];
  const { port } = attachment(() => Promise.reject(failures.shift()!));
  const queue = linkedQueues(port)('here');
  const refusal = await queue.commit(unit('one')).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(FhirError);
  expect(refusal).toMatchObject({
    status: 413,
    issues: [{ diagnostics: 'Too large', expression: ['Patient'] }],
  });
  await expect(queue.commit(unit('two'))).rejects.toThrow('broken');
  port.close();
});

it('refuses what is under way when the other side goes, and is drained then', async () => {
  const { port } = attachment(() => new Promise(() => undefined));
  const queue = linkedQueues(port)('here');
  const result = queue.commit(unit('one'));
  port.close();
  await expect(result).rejects.toThrow(/stopping/);
  await queue.drained();
});
