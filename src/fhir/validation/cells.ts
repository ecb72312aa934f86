/**
 * Compiled schemas, one cell a type, each filled when its type is first met: the start of the server pays for none of them.
 * https://ajv.js.org/guide/managing-schemas.html, docs/adr/0008-ajv-with-a-vocabulary-of-our-own.md
 */
import { createRequire } from 'node:module';
import type { Definitions } from '../definitions/registry.ts';
import { isObject, type JsonValue } from '../model/tree.ts';
import type { AjvModule, Cell, Cells, Check } from './cell.ts';
import { addFlaw, adoptFlaws, type Flaw } from './flaw.ts';
import { formatOf, type Format } from './formats.ts';
import { vocabulary } from './keywords.ts';
import { schemaOf, type TypeSchema } from './schema.ts';

const known = new WeakMap<Definitions, Cells>();

export function cellsOf(definitions: Definitions): Cells {
  let cells = known.get(definitions);
  if (!cells) known.set(definitions, (cells = makeCells(definitions)));
  return cells;
}

function makeCells(definitions: Definitions): Cells {
  const made = new Map<string, Cell>();
  const formats = new Map<string, Format>();
  let compile: ((schema: TypeSchema) => Check) | undefined;
  const cells: Cells = {
    of: (type) =>
      cached(made, type, () =>
        makeCell(definitions, type, (schema) => (compile ??= compiler(cells))(schema)),
      ),
    format: (type) => cached(formats, type, () => formatOf(definitions, type)),
    checkSibling(sibling, value) {
      if (!isObject(sibling)) return addFlaw(null, '', 'object', 'Element');
      const flaws = flawsOf(cells.of('Element'), sibling);
      const isBare =
        sibling['id'] !== undefined &&
        sibling['extension'] === undefined &&
        (value === undefined || value === null);
      return isBare && flaws === null ? addFlaw(null, '', 'content', '') : flaws;
    },
    checkInline(value, isContained) {
      if (!isObject(value)) return addFlaw(null, '', 'object', 'Resource');
      const type = value['resourceType'];
      if (typeof type !== 'string' || !definitions.isResourceType(type))
        return addFlaw(null, '/resourceType', 'resource-type', '');
      const flaws = flawsOf(cells.of(type), value);
      const nests = isContained && value['contained'] !== undefined;
      return nests ? addFlaw(flaws, '/contained', 'contained', type) : flaws;
    },
  };
  return cells;
}

function cached<T>(map: Map<string, T>, key: string, make: () => T): T {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

function makeCell(definitions: Definitions, type: string, compile: (schema: TypeSchema) => Check): Cell {
  let schema: TypeSchema | undefined;
  const cell: Cell = {
    schema: () => (schema ??= schemaOf(definitions, definitions.type(type)!)),
    check(value) {
      cell.check = compile(cell.schema());
      return cell.check(value);
    },
  };
  return cell;
}

/** The flaws of an object by the schema of a cell; null when there are none. */
export function flawsOf(cell: Cell, value: JsonValue): Flaw[] | null {
  return cell.check(value) ? null : adoptFlaws(null, '', cell.check.errors!);
}

/** Ajv is loaded here, when the first schema is compiled. */
function compiler(cells: Cells): (schema: TypeSchema) => Check {
  const module = createRequire(import.meta.url)('ajv/dist/core.js') as AjvModule;
  const ajv = new module.default({
    allErrors: true,
    strict: false,
    meta: false,
    validateSchema: false,
    addUsedSchema: false,
    messages: false,
    logger: false,
  });
  for (const keyword of vocabulary(module, cells)) ajv.addKeyword(keyword);
  return (schema) => ajv.compile(schema) as unknown as Check;
}
