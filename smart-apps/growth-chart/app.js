/** The app: reads the patient in context and the vital signs it was granted, and draws one measure at a time. */
import { lineChart, ticks } from '../lib/chart.js';
import { ageInMonths, CURVES, parametersAt, percentile, valueAt, zScore } from './growth.js';
import { MEASURES, readings, readingsOf } from './measures.js';

const at = (id) => document.getElementById(id);
const day = (date) =>
  new Date(date).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });
const shown = (value) => String(Math.round(value * 10) / 10);
/** Months. */
const ADULT = 216;
const unitName = { Cel: '°C', 'kg/m2': 'kg/m²' };
const nameOf = (unit) => unitName[unit] ?? unit;

start().catch((error) => {
  at('status').textContent = `Growth Chart could not read the record: ${error.message}`;
});

async function start() {
  const client = await window.FHIR.oauth2.ready();
  const [patient, observations] = await Promise.all([
    client.patient.read(),
    client.request(`Observation?patient=${client.patient.id}&category=vital-signs&_count=200`, {
      pageLimit: 20,
      flat: true,
    }),
  ]);
  if (client.state.tokenResponse.need_patient_banner !== false) showWho(patient);
  const all = readings(observations);
  const series = MEASURES.map((measure) => ({ measure, readings: readingsOf(measure, all) }));
  const charted = series.filter((one) => one.readings.length > 0);
  at('status').textContent = charted.length > 0 ? '' : 'There are no measurements in this record yet.';
  if (charted.length > 0) offer(patient, charted);
}

function showWho(patient) {
  const name = patient.name?.[0];
  const text = name?.text ?? [...(name?.given ?? []), name?.family].filter(Boolean).join(' ');
  const born = patient.birthDate ? `born ${day(patient.birthDate)}` : 'birth date unknown';
  at('who').textContent = `${text}, ${patient.gender ?? 'sex unknown'}, ${born}`;
}

/** One radio button a measure that has readings. */
function offer(patient, charted) {
  at('measures').hidden = false;
  charted.forEach((one, i) => {
    const label = document.createElement('label');
    const input = Object.assign(document.createElement('input'), {
      type: 'radio',
      name: 'measure',
      checked: i === 0,
    });
    input.addEventListener('change', () => show(patient, one));
    label.append(input, ` ${one.measure.name}`);
    at('measures').append(label);
  });
  show(patient, charted[0]);
}

/** Drawn anew when the window changes its width, so that letters keep their size. */
let redraw = () => {};
window.addEventListener('resize', () => redraw());

function show(patient, { measure, readings: list }) {
  const rows = list.map((one) => ({
    ...one,
    age: ageInMonths(patient.birthDate, one.date),
    ...standing(patient, measure, one),
  }));
  const drawing = chart(patient, measure, rows);
  at('view').replaceChildren(heading(measure, rows.at(-1)), drawing, table(measure, rows));
  redraw = () =>
    at('view')
      .querySelector('svg')
      .replaceWith(chart(patient, measure, rows));
}

/** Where a reading stands in the reference, if there is one for this age and sex. */
function standing(patient, measure, { date, value }) {
  const parameters = parametersAt(
    measure.reference?.[patient.gender] ?? [[0]],
    ageInMonths(patient.birthDate, date),
  );
  return parameters ? { percentile: percentile(zScore(parameters, value)) } : {};
}

function heading(measure, last) {
  const percentileText = last.percentile === undefined ? '' : `, ${ordinal(last.percentile)} percentile`;
  const node = document.createElement('h2');
  node.textContent = `${measure.name} ${shown(last.value)} ${nameOf(measure.unit)}${percentileText} (${day(last.date)})`;
  return node;
}

function ordinal(number) {
  if (number < 1) return 'below the 1st';
  if (number > 99) return 'above the 99th';
  const n = Math.round(number);
  const end = n % 100 > 10 && n % 100 < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th');
  return `${n}${end}`;
}

function chart(patient, measure, rows) {
  const table = measure.reference?.[patient.gender];
  const growing = table && rows.some((row) => row.percentile !== undefined);
  // The usual ranges are those of adults.
  const usual = rows.at(-1).age >= ADULT ? measure.usual : undefined;
  const drawn = growing ? rows.filter((row) => row.age <= table.at(-1)[0]) : rows;
  const x = growing
    ? [drawn[0].age < 24 ? table[0][0] : 24, Math.min(table.at(-1)[0], drawn.at(-1).age + 18)]
    : around(
        drawn.map((r) => r.age),
        1,
      );
  const curves = growing ? curvesOf(table, x) : [];
  const values = [
    ...drawn.map((row) => row.value),
    ...curves.flatMap((curve) => curve.points.map(([, y]) => y)),
    ...(usual ?? []),
  ];
  const xTicks = ticks(x[0] / 12, x[1] / 12, 8)
    .filter((year) => Number.isInteger(year) || x[1] < 48)
    .map((year) => year * 12);
  return lineChart({
    width: document.documentElement.clientWidth > 992 ? 928 : document.documentElement.clientWidth - 32,
    label: `${measure.name} by age, ${rows.length} measurements`,
    xTitle: 'Age in years',
    yTitle: nameOf(measure.unit),
    x,
    y: around(values, 0.05 * (Math.max(...values) - Math.min(...values)) || 1),
    xTicks,
    formatX: (months) => shown(months / 12),
    curves,
    band: usual,
    points: drawn.map((row) => [
      row.age,
      row.value,
      `${shown(row.value)} ${nameOf(measure.unit)}, ${day(row.date)}, Observation ${row.source}`,
    ]),
  });
}

const around = (values, margin) => [Math.min(...values) - margin, Math.max(...values) + margin];

function curvesOf(table, [from, to]) {
  const inside = table.filter(([age]) => age > from && age < to).map(([age]) => age);
  const ages = [from, ...inside, to].filter((age) => parametersAt(table, age));
  return CURVES.map(({ name, z }) => ({
    name,
    strong: z === 0,
    points: ages.map((age) => [age, valueAt(parametersAt(table, age), z)]),
  }));
}

/** The same numbers as a table. */
function table(measure, rows) {
  const details = document.createElement('details');
  const summary = Object.assign(document.createElement('summary'), { textContent: 'The numbers' });
  const node = document.createElement('table');
  const cells = (tag, texts) => {
    const row = document.createElement('tr');
    row.append(...texts.map((textContent) => Object.assign(document.createElement(tag), { textContent })));
    return row;
  };
  const growing = rows.some((row) => row.percentile !== undefined);
  node.append(cells('th', ['Date', nameOf(measure.unit), ...(growing ? ['Percentile'] : [])]));
  for (const row of rows.toReversed()) {
    const place = row.percentile === undefined ? '' : shown(row.percentile);
    node.append(cells('td', [day(row.date), shown(row.value), ...(growing ? [place] : [])]));
  }
  details.append(summary, node);
  return details;
}
