// Medians and spread of a few measurements.

/** The value below which the given share (0 to 1) of the values lies; 0 for no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(position)] ?? 0, sorted[Math.ceil(position)] ?? 0];
  return low + (high - low) * (position - Math.floor(position));
}

export type Spread = { readonly median: number; readonly least: number; readonly most: number };

/** Median with the smallest and the largest value. Throws for no values. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error('No measurement to take a median of');
  return { median: quantile(values, 0.5), least: Math.min(...values), most: Math.max(...values) };
}
