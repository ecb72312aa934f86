/**
 * What the writer knows by heart of the index rows that wait: which resources they are about, and what those refer to. So a delete can be judged
 * without moving any row. Only the last waiting version of a resource counts.
 */
interface Entry {
  readonly seq: number;
  readonly type: number;
  readonly targets: readonly string[];
}

export class Waiting {
  readonly #entries = new Map<number, Entry>();
  readonly #referrers = new Map<string, Set<number>>();
  readonly #types = new Map<number, number>();

  /** `targets`: `Type/id` of each resource that the version refers to. */
  add(rid: number, entry: Entry): void {
    this.#drop(rid);
    this.#entries.set(rid, entry);
    this.#types.set(entry.type, (this.#types.get(entry.type) ?? 0) + 1);
    for (const target of entry.targets) {
      const rids = this.#referrers.get(target);
      if (rids) rids.add(rid);
      else this.#referrers.set(target, new Set([rid]));
    }
  }

  /** The rows of a resource up to a version are in the index now. */
  settled(rid: number, seq: number): void {
    if ((this.#entries.get(rid)?.seq ?? Infinity) <= seq) this.#drop(rid);
  }

  has(rid: number): boolean {
    return this.#entries.has(rid);
  }

  hasType(type: number): boolean {
    return this.#types.has(type);
  }

  /** Resources whose waiting version refers to a target. */
  referrers(target: string): Iterable<number> {
    return this.#referrers.get(target) ?? [];
  }

  clear(): void {
    for (const map of [this.#entries, this.#referrers, this.#types]) map.clear();
  }

  #drop(rid: number): void {
    const entry = this.#entries.get(rid);
    if (!entry) return;
    this.#entries.delete(rid);
    const left = this.#types.get(entry.type)! - 1;
    if (left > 0) this.#types.set(entry.type, left);
    else this.#types.delete(entry.type);
    for (const target of entry.targets) {
      const rids = this.#referrers.get(target);
      if (rids?.delete(rid) && rids.size === 0) this.#referrers.delete(target);
    }
  }
}
