/** Finds out what a release is, and takes it in with a bar that tells how far it is. */
import type { ConceptStore, Release } from '../../store/concept-port.ts';
import { progress } from '../../telemetry/progress.ts';
import { importRf2, rf2Bytes, rf2Files, type ImportTools } from './rf2.ts';
import { sourceFiles } from './source.ts';

export interface ImportChoice {
  /** SNOMED CT: module of the edition */
  readonly edition?: string;
}

const MEGABYTE = 1e6;

/** Throws an Error of one line where the files are of no known kind or cannot be read. */
export async function importFrom(
  path: string,
  concepts: ConceptStore,
  choice: ImportChoice = {},
): Promise<Release> {
  const files = await sourceFiles(path);
  const rf2 = rf2Files(files);
  if (!rf2) {
    throw new Error(
      `${path} is no release that is known: it has no file sct2_Concept_Snapshot….txt (SNOMED CT in RF2)`,
    );
  }
  return told(rf2Bytes(rf2), concepts, (tools) => importRf2(rf2, tools, choice.edition));
}

async function told(
  bytes: number,
  concepts: ConceptStore,
  work: (tools: ImportTools) => Promise<Release>,
): Promise<Release> {
  const bar = progress('Megabytes', Math.max(1, Math.round(bytes / MEGABYTE)));
  let read = 0;
  let isRead = false;
  const readAll = (): void => {
    if (!isRead) bar.stop();
    isRead = true;
  };
  try {
    return await work({
      begin: (head) => concepts.begin(head),
      tell(more) {
        read += more;
        bar.update(Math.round(read / MEGABYTE));
      },
      step: (name) => {
        readAll();
        process.stderr.write(`Indexing: ${name}\n`);
      },
    });
  } finally {
    readAll();
  }
}
