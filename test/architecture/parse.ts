// Reads from one source text what the rules ask about: its imports, and its uses of clock, chance and environment.
// https://github.com/microsoft/TypeScript/wiki/Using-the-Compiler-API

import { posix } from 'node:path';
import ts from 'typescript';

/** Source files by their path from the repository's root, with forward slashes, such as `src/fhir/model/near.ts`. */
export type Sources = ReadonlyMap<string, string>;

/** What a file imports, statically or not, values or types: paths from the root for our own files, names for others. */
export function importsOf(path: string, source: string): readonly string[] {
  const names = ts.preProcessFile(source, true, true).importedFiles.map((file) => file.fileName);
  return names.map((name) => (name.startsWith('.') ? posix.join(posix.dirname(path), name) : name));
}

/** Expressions whose value is not decided by the arguments alone. */
const IMPURE: readonly string[] = [
  'Date.now',
  'Math.random',
  'performance.now',
  'crypto.randomUUID',
  'randomUUID',
  'fetch',
  'setTimeout',
  'setInterval',
];

function impureUse(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date') {
    return (node.arguments?.length ?? 0) === 0 ? 'new Date()' : undefined;
  }
  if (!ts.isCallExpression(node)) return undefined;
  const name = node.expression.getText().replace(/^globalThis\./, '');
  return IMPURE.includes(name) || name === 'Date' ? `${name}()` : undefined;
}

const isEnvironment = (node: ts.Node): boolean =>
  ts.isPropertyAccessExpression(node) && /^(globalThis\.)?process\.env$/.test(node.getText());

const importsEnvironment = (node: ts.Node): boolean =>
  ts.isImportDeclaration(node) &&
  /^['"](node:)?process['"]$/.test(node.moduleSpecifier.getText()) &&
  /\benv\b/.test(node.importClause?.getText() ?? '');

function walk(source: string, visit: (node: ts.Node) => void): void {
  const descend = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, descend);
  };
  descend(ts.createSourceFile('file.ts', source, ts.ScriptTarget.ES2024, true));
}

/** The uses of clock, chance, timers and network in a source. */
export function impureUses(source: string): readonly string[] {
  const uses: string[] = [];
  walk(source, (node) => {
    const use = impureUse(node);
    if (use !== undefined) uses.push(use);
  });
  return uses;
}

/** True if the source reads the environment. */
export function readsEnvironment(source: string): boolean {
  let reads = false;
  walk(source, (node) => {
    reads ||= isEnvironment(node) || importsEnvironment(node);
  });
  return reads;
}
