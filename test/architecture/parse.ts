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

/** Globals that open connections. */
const CONNECTS: readonly string[] = ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'];

/** What a source takes that opens connections: `passive` has what of each such module does not. */
export function networkUses(
  source: string,
  passive: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  const uses: string[] = [];
  const own = new Set<string>();
  const taken: string[] = [];
  walk(source, (node) => {
    uses.push(...activeImports(node, passive));
    if (ts.isParameter(node) || ts.isVariableDeclaration(node) || ts.isBindingElement(node))
      if (ts.isIdentifier(node.name)) own.add(node.name.text);
    const name = globalName(node);
    if (name?.startsWith('globalThis.')) uses.push(name);
    else if (name !== undefined) taken.push(name);
  });
  return [...uses, ...taken.filter((name) => !own.has(name))];
}

function activeImports(node: ts.Node, passive: Readonly<Record<string, readonly string[]>>): string[] {
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const module = (node.arguments[0] as ts.StringLiteral | undefined)?.text ?? '';
    return module in passive ? [`import('${module}')`] : [];
  }
  if (!ts.isImportDeclaration(node) && !ts.isExportDeclaration(node)) return [];
  const module = (node.moduleSpecifier as ts.StringLiteral | undefined)?.text ?? '';
  const harmless = passive[module];
  if (!harmless) return [];
  if (ts.isExportDeclaration(node)) return [`all of ${module}`];
  const clause = node.importClause;
  if (clause?.isTypeOnly) return [];
  const named = clause?.namedBindings;
  if (clause?.name || !named || ts.isNamespaceImport(named)) return [`all of ${module}`];
  return named.elements
    .filter((one) => !one.isTypeOnly && !harmless.includes((one.propertyName ?? one.name).text))
    .map((one) => `${one.name.text} of ${module}`);
}

/** A global that connects, where it is used as a value: not the name of a property, a type or a binding. */
function globalName(node: ts.Node): string | undefined {
  if (!ts.isIdentifier(node) || !CONNECTS.includes(node.text)) return undefined;
  const { parent } = node;
  if (ts.isTypeNode(parent) || ts.isTypeQueryNode(parent) || ts.isQualifiedName(parent)) return undefined;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node)
    return parent.expression.getText() === 'globalThis' ? `globalThis.${node.text}` : undefined;
  const isName =
    (ts.isPropertyAssignment(parent) && parent.name === node) ||
    ((ts.isPropertySignature(parent) || ts.isMethodDeclaration(parent)) && parent.name === node) ||
    ((ts.isParameter(parent) || ts.isBindingElement(parent) || ts.isVariableDeclaration(parent)) &&
      parent.name === node);
  return isName ? undefined : node.text;
}
