/** All that the REST API promises, to be run over a server on any store. */
import { describe } from '@jest/globals';
import type { Api } from '../../support/api.ts';
import { batchContract } from './batches.ts';
import { conditionalContract } from './conditional.ts';
import { crudContract } from './crud.ts';
import { formatContract } from './formats.ts';
import { onceContract } from './once.ts';
import { patchContract } from './patches.ts';
import { searchContract } from './searches.ts';
import { transactionContract } from './transactions.ts';
import { validateContract } from './validations.ts';

export function restContract(api: () => Api): void {
  describe('instances', () => crudContract(api));
  describe('conditional interactions', () => conditionalContract(api));
  describe('patch', () => patchContract(api));
  describe('bundles', () => {
    transactionContract(api);
    batchContract(api);
  });
  describe('idempotency keys', () => onceContract(api));
  describe('search', () => searchContract(api));
  describe('validation', () => validateContract(api));
  describe('formats and bad input', () => formatContract(api));
}
