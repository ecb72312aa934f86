/**
 * The record of one tenant as the interactions see it: its store, the definitions in force, and the rules that the operator has set.
 */
import type { AuditRecorder } from '../access/audit/recorder.ts';
import type { AccessContext } from '../access/context.ts';
import type { PolicyBook } from '../access/policy/book.ts';
import type { ImportedSystems } from '../fhir/terminology/concept-index.ts';
import type { Definitions } from '../fhir/definitions/registry.ts';
import type { Issue } from '../fhir/model/outcome.ts';
import type { JsonObject, ResourceTree } from '../fhir/model/tree.ts';
import type { TenantStore } from '../store/ports.ts';
import type { Pending } from './index-state.ts';
import type { FhirRequest } from './request.ts';
import type { Witness } from './told.ts';

export interface RecordRules {
  readonly referentialIntegrity: boolean;
  readonly conditionalDelete: 'single' | 'multiple';
  readonly maxBundleEntries: number;
  readonly version: string;
}

export interface TenantRecord {
  readonly store: TenantStore;
  /** the registry in force now; take it once per request */
  readonly definitions: () => Definitions;
  /** the registry that resources are indexed by: posted search parameters count here before they count in a search */
  readonly indexing: () => Definitions;
  /** what the index does not hold yet */
  readonly pending: () => readonly Pending[];
  readonly rules: RecordRules;
  /** the policies of the tenant; none: the built-in ones count */
  readonly policies?: PolicyBook;
  /** what the CapabilityStatement says of access (`rest.security`); what its base has when absent */
  readonly security?: JsonObject;
  /** code systems that were imported; absent where the store keeps none */
  readonly imported?: ImportedSystems;
  /** all issues of a resource that is to be stored; none when validation is off */
  readonly validate: (definitions: Definitions, tree: ResourceTree) => readonly Issue[];
  /** the audit trail of the tenant; whoever does something in its name notes it here */
  readonly audit: AuditRecorder;
  /** called after a commit that wrote these types, so that conformance resources take effect */
  readonly written: (types: ReadonlySet<string>) => void;
  /** resolves when conformance resources that were written before are in force on this thread */
  readonly settled: () => Promise<void>;
}

/** What a handler is given beside the request. */
export interface Context {
  readonly record: TenantRecord;
  readonly definitions: Definitions;
  readonly access: AccessContext;
  readonly request: FhirRequest;
  /** hears what is told and done, for the audit trail; absent where there is none */
  readonly witness?: Witness;
}
