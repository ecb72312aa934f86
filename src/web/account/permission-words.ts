/** What an app may do, in one or two lines: for a list of apps, where the consent page would be too long. */
import type { ConsentView } from '../../smart/pages.ts';

const MOST = 4;

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** "see lab results · allergies; add and change prescriptions". A wildcard says that it is one. */
export function summary(permissions: ConsentView['permissions']): string {
  const items = permissions.flatMap(({ items: those }) => those);
  const record = items.filter(({ scope }) => scope.includes('/'));
  if (record.length === 0) return 'know that you signed in, and nothing else';
  const byVerb = Map.groupBy(record, ({ can }) => can);
  return [...byVerb]
    .map(([can, those]) => `${can} ${named(those.map(({ title }) => lowerFirst(title)))}`)
    .join('; ');
}

function named(titles: readonly string[]): string {
  const distinct = [...new Set(titles)];
  const shown = distinct.length <= MOST ? distinct : distinct.slice(0, MOST - 1);
  const others = distinct.length - shown.length;
  return [...shown, ...(others > 0 ? [`${others} other parts`] : [])].join(' · ');
}
