/**
 * The record as a caller with something hidden from it meets it: whatever a handler reads comes without that, so that no path can forget it. What judges
 * versions, and what writes the next one, asks for the whole of it by name. https://hl7.org/fhir/R4/security.html
 */
import type { View } from '../access/policy/view.ts';
import type { ResourceStore, StoredResource } from '../store/ports.ts';
import type { TenantRecord } from './record.ts';

const wholes = new WeakMap<StoredResource, StoredResource>();

/** A version as it is stored. */
export const whole = (stored: StoredResource): StoredResource => wholes.get(stored) ?? stored;

const masked = new WeakSet<TenantRecord>();

/** The entries of a Bundle come in by the same door, with a record that is masked already. */
export function maskedRecord(record: TenantRecord, view: View): TenantRecord {
  if (masked.has(record)) return record;
  const { store } = record;
  const made = { ...record, store: { ...store, resources: maskedStore(store.resources, view) } };
  masked.add(made);
  return made;
}

function maskedStore(resources: ResourceStore, view: View): ResourceStore {
  const shown = (stored: StoredResource): StoredResource => {
    const body = stored.body && view.text(stored.type, stored.body);
    if (body === stored.body) return stored;
    const part = { ...stored, body };
    wholes.set(part, stored);
    return part;
  };
  const maybe = (stored: StoredResource | undefined): StoredResource | undefined => stored && shown(stored);
  return {
    read: async (keys, scope) => (await resources.read(keys, scope)).map(maybe),
    recall: (keys) => resources.recall(keys)?.map(shown),
    vread: async (key, versionId) => maybe(await resources.vread(key, versionId)),
    history: async (query) => {
      const page = await resources.history(query);
      return { ...page, versions: page.versions.map(shown) };
    },
    search: async (plan) => {
      const page = await resources.search(plan);
      return { ...page, resources: page.resources.map(shown) };
    },
    keys: (query) => resources.keys(query),
    commit: (unit) => resources.commit(unit),
    reindex: (some) => resources.reindex(some),
  };
}
