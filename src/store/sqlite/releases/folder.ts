/** The releases of a data folder: one file each in `terminology/`. Several processes and threads read it; who adds one renames it into place. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { IndexedGraph } from '../../../fhir/terminology/concept-index.ts';
import type { ConceptStore } from '../../concept-port.ts';
import { releaseBuilder } from './builder.ts';
import { openRelease, type OpenRelease } from './reader.ts';

/** How long a change by another process may go unnoticed. */
const LOOK_MS = 500;
const ENDING = '.release.db';

export interface ReleaseFolder extends ConceptStore {
  close(): void;
}

/** `folder` is made when the first release comes. Nothing is opened before it is asked for. */
export function releaseFolder(folder: string): ReleaseFolder {
  let open = new Map<string, OpenRelease>();
  let bySystem = new Map<string, readonly IndexedGraph[]>();
  let looked = 0;
  const refresh = (now = Date.now()): void => {
    if (now - looked < LOOK_MS) return;
    looked = now;
    const found = filesOf(folder);
    const known = [...open.keys()];
    if (found.length === known.length && found.every(({ key }) => open.has(key))) return;
    const before = open;
    open = new Map(
      found.flatMap(({ key, name, bytes }) => {
        const one = before.get(key) ?? openRelease(join(folder, name), bytes);
        return one ? [[key, one] as const] : [];
      }),
    );
    for (const [key, one] of before) if (!open.has(key)) one.close();
    const graphs = [...open.values()].map(({ graph }) => graph);
    bySystem = new Map(Map.groupBy(graphs, ({ url }) => url));
  };
  return {
    releases() {
      refresh();
      return [...open.values()].map(({ release }) => release);
    },
    codeSystems(url) {
      refresh();
      return bySystem.get(url) ?? [];
    },
    begin(head) {
      mkdirSync(folder, { recursive: true });
      const id = createHash('sha256').update(`${head.system}|${head.version}`).digest('hex').slice(0, 12);
      const builder = releaseBuilder(join(folder, `${id}${ENDING}`), id, head);
      return {
        ...builder,
        async finish(tell) {
          const release = await builder.finish(tell);
          looked = 0;
          return release;
        },
      };
    },
    async remove(id) {
      const file = filesOf(folder).find(({ name }) => name === `${id}${ENDING}`);
      if (!file) return false;
      rmSync(join(folder, file.name));
      looked = 0;
      return true;
    },
    close() {
      for (const one of open.values()) one.close();
      open = new Map();
      bySystem = new Map();
      looked = Infinity;
    },
  };
}

interface ReleaseFile {
  readonly name: string;
  /** changes when the file is another one */
  readonly key: string;
  readonly bytes: number;
}

function filesOf(folder: string): readonly ReleaseFile[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(ENDING));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    return stat ? [{ name, key: `${name} ${stat.ino} ${stat.mtimeMs}`, bytes: stat.size }] : [];
  });
}
