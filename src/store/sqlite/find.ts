/** Runs search plans on a connection: readers use it for pages, the writer for guards. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SearchPlan } from '../../fhir/search/plan.ts';
import { compilePage, compileTotal, type CompileContext, type Sql } from './compile.ts';
import type { Names } from './names.ts';
import { seqFinder } from './seq.ts';

export interface FoundPage {
  readonly rids: readonly number[];
  readonly next?: string;
  readonly total?: number;
}

/** Prepared statements that are kept. */
const MOST_STATEMENTS = 500;

export interface Finder {
  (plan: SearchPlan): FoundPage;
  readonly context: CompileContext;
}

export function finder(db: DatabaseSync, names: Names): Finder {
  const prepare = statementCache(db);
  const context: CompileContext = {
    names,
    seqAt: seqFinder(db),
    probe: (select, limit) => probe(prepare, select, limit),
  };
  const find = (plan: SearchPlan): FoundPage => {
    const total = plan.total === 'accurate' ? totalOf(prepare, plan, context) : undefined;
    if (plan.count === 0) return { rids: [], total };
    const page = compilePage(plan, context);
    const rows = prepare(page.text).all(...page.values) as Record<string, string | number | null>[];
    const rids = rows.slice(0, plan.count).map(({ rid }) => Number(rid));
    const last = rows[plan.count - 1];
    return { rids, total, next: rows.length > plan.count && last ? positionOf(plan, last) : undefined };
  };
  return Object.assign(find, { context });
}

type Prepare = (text: string) => StatementSync;

function statementCache(db: DatabaseSync): Prepare {
  const known = new Map<string, StatementSync>();
  return (text) => {
    let statement = known.get(text);
    if (statement) return statement;
    if (known.size >= MOST_STATEMENTS) known.delete(known.keys().next().value!);
    known.set(text, (statement = db.prepare(text)));
    return statement;
  };
}

function probe(prepare: Prepare, select: Sql, limit: number): number {
  const statement = prepare(`SELECT count(*) AS rows FROM (${select.text} LIMIT ?)`);
  return Number((statement.get(...select.values, limit) as { rows: number }).rows);
}

function totalOf(prepare: Prepare, plan: SearchPlan, context: CompileContext): number {
  const { text, values } = compileTotal(plan, context);
  return Number((prepare(text).get(...values) as { total: number }).total);
}

function positionOf(plan: SearchPlan, row: Record<string, string | number | null>): string {
  return JSON.stringify([...plan.sort.map((_, i) => row[`s${i}`]), row['rid']]);
}
