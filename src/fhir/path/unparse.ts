/** The text of a syntax tree, for traces and messages. https://hl7.org/fhirpath/N1/grammar.html */
import { isObject } from '../model/tree.ts';
import { quantityText } from './quantity.ts';
import type { Path, TypeName } from './syntax.ts';

const quoted = (text: string, sign: string): string =>
  sign + text.replaceAll('\\', '\\\\').replaceAll(sign, `\\${sign}`).replaceAll('\n', '\\n') + sign;

const name = (text: string): string => (/^[A-Za-z_]\w*$/.test(text) ? text : quoted(text, '`'));
const typeText = ({ namespace, name: own }: TypeName): string =>
  namespace === undefined ? own : `${namespace}.${own}`;

/** Whether it has an infix operator at its top. */
const isOpen = (path: Path): boolean =>
  path.kind === 'binary' || (path.kind === 'type' && path.operator !== 'ofType');

/** What stands before a dot: operators need parentheses there. */
function before(path: Path): string {
  if (path.kind === 'this' && path.implicit) return '';
  const text = unparse(path);
  return isOpen(path) || path.kind === 'polarity' ? `(${text}).` : `${text}.`;
}

export function unparse(path: Path): string {
  switch (path.kind) {
    case 'this':
      return '$this';
    case 'empty':
      return '{}';
    case 'loop':
      return path.name;
    case 'variable':
      return `%${name(path.name)}`;
    case 'literal':
      return literal(path);
    case 'child':
      return before(path.of) + name(path.name);
    case 'index':
      return `${before(path.of).slice(0, -1)}[${unparse(path.index)}]`;
    case 'polarity':
      return path.sign + (isOpen(path.of) ? `(${unparse(path.of)})` : unparse(path.of));
    case 'type':
      return path.operator === 'ofType'
        ? `${before(path.of)}ofType(${typeText(path.type)})`
        : `${side(path.of)} ${path.operator} ${typeText(path.type)}`;
    case 'binary':
      return `${side(path.left)} ${path.operator} ${side(path.right)}`;
    case 'call':
      return `${before(path.of)}${path.name}(${path.args.map(unparse).join(', ')})`;
  }
}

const side = (path: Path): string => (isOpen(path) ? `(${unparse(path)})` : unparse(path));

function literal({ value, type }: Extract<Path, { kind: 'literal' }>): string {
  if (isObject(value)) return quantityText(value) ?? '';
  if (typeof value !== 'string') return String(value);
  if (type === 'System.String') return quoted(value, "'");
  if (type === 'System.Time') return `@T${value}`;
  return type === 'System.DateTime' && !value.includes('T') ? `@${value}T` : `@${value}`;
}
