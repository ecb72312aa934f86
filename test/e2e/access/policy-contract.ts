/** Policies for people and services, to be run over a guarded server on any store. */
import { explainingTests } from './explaining.ts';
import { hiddenTests } from './hidden.ts';
import { hiddenWritingTests } from './hidden-writing.ts';
import { policyTests } from './policies.ts';
import { policyKeepingTests } from './policy-keeping.ts';
import { policyLimitTests } from './policy-limits.ts';
import { proxyTests } from './proxies.ts';
import { seats } from './seats.ts';
import type { World } from './world.ts';

export function policyContract(use: () => World): void {
  explainingTests(use);
  hiddenTests(use);
  hiddenWritingTests(use);
  policyTests(use);
  policyKeepingTests(use);
  policyLimitTests(use);
  proxyTests(use);
  seats(use);
}
