/** Near names for a misspelt one: errors suggest what was probably meant. */

/** Edit distance with transpositions, cut off above `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let last: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, last[j - 2]! + 1);
      next.push(cost);
    }
    last = row;
    row = next;
  }
  return row[b.length]!;
}

/** Up to three of `names` that look like `name`, the nearest first. */
export function nearNames(name: string, names: Iterable<string>): string[] {
  const wanted = name.slice(0, 64).toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  return [...names]
    .map((one) => [distance(wanted, one.toLowerCase(), limit), one] as const)
    .filter(([far]) => far <= limit)
    .sort(([a], [b]) => a - b)
    .slice(0, 3)
    .map(([, one]) => one);
}

/** ` Did you mean Patient?`, or nothing when no name is near. */
export function didYouMean(name: string, names: Iterable<string>): string {
  const near = nearNames(name, names);
  return near.length > 0 ? ` Did you mean ${near.join(' or ')}?` : '';
}
