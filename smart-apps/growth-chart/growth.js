/** The LMS method: a measurement against the reference of its age and sex. https://doi.org/10.1002/sim.4780111005 */

/** L, M and S at an age, between the two rows around it; undefined outside of the table. */
export function parametersAt(table, months) {
  const next = table.findIndex(([age]) => age >= months);
  if (next < 0 || months < table[0][0]) return undefined;
  if (table[next][0] === months || next === 0) return table[next].slice(1);
  const [before, after] = [table[next - 1], table[next]];
  const part = (months - before[0]) / (after[0] - before[0]);
  return [1, 2, 3].map((i) => before[i] + part * (after[i] - before[i]));
}

/** The measurement that stands `z` standard deviations from the median. */
export function valueAt([l, m, s], z) {
  return Math.abs(l) < 1e-6 ? m * Math.exp(s * z) : m * (1 + l * s * z) ** (1 / l);
}

/** How many standard deviations a measurement stands from the median. */
export function zScore([l, m, s], value) {
  return Math.abs(l) < 1e-6 ? Math.log(value / m) / s : ((value / m) ** l - 1) / (l * s);
}

/** Percentile (0 to 100) of a z-score: the normal distribution by Zelen and Severo's formula 26.2.17, right to 1e-7. */
export function percentile(z) {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 100 * (z > 0 ? 1 - tail : tail);
}

/** The curves of a chart: the z-score of each with its name. */
export const CURVES = [
  { name: '3rd', z: -1.88079 },
  { name: '10th', z: -1.28155 },
  { name: '25th', z: -0.67449 },
  { name: '50th', z: 0 },
  { name: '75th', z: 0.67449 },
  { name: '90th', z: 1.28155 },
  { name: '97th', z: 1.88079 },
];

/** Months between two dates, with fractions. */
export function ageInMonths(birthDate, date) {
  return (Date.parse(date) - Date.parse(birthDate)) / (365.2425 / 12) / 86_400_000;
}
