/**
 * A line chart as SVG: axes with units, bands and curves behind, the person's own points in front. Colours come from the page's style sheet, so that
 * dark mode and print work; each point has a title with its value, date and source.
 */
const SVG = 'http://www.w3.org/2000/svg';
const SIZE = { height: 360, left: 44, right: 44, top: 20, bottom: 44 };
/** Names of curves that would stand closer than this, in pixels, are left out. */
const APART = 14;

function element(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  node.append(...children);
  return node;
}

/** Round steps (1, 2 or 5 times a power of ten) that give about `wanted` of them. */
export function ticks(low, high, wanted) {
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((one) => one >= raw);
  const first = Math.ceil(low / step) * step;
  const count = Math.floor((high - first) / step + 1e-9) + 1;
  return Array.from({ length: count }, (_, i) => Number((first + i * step).toPrecision(12)));
}

/**
 * `points` and each curve are arrays of [x, y]; a point may have a third member: its title.
 * options: { width, label, xTitle, yTitle, x: [low, high], y: [low, high], xTicks?, formatX?, curves?: [{ name, points, strong? }], band?: [low, high], points }
 */
export function lineChart(options) {
  const { width, x, y, points, curves = [], band, label } = options;
  const { height, left, right, top, bottom } = SIZE;
  const atX = (value) => left + ((value - x[0]) / (x[1] - x[0])) * (width - left - right);
  const atY = (value) => height - bottom - ((value - y[0]) / (y[1] - y[0])) * (height - top - bottom);
  const path = (line) =>
    line.map(([px, py], i) => `${i ? 'L' : 'M'}${atX(px).toFixed(1)} ${atY(py).toFixed(1)}`).join('');
  const svg = element('svg', {
    viewBox: `0 0 ${width} ${height}`,
    role: 'img',
    'aria-label': label,
    class: 'chart',
  });
  if (band) {
    const [low, high] = [Math.max(band[0], y[0]), Math.min(band[1], y[1])];
    const box = {
      x: left,
      width: width - left - right,
      y: atY(high),
      height: atY(low) - atY(high),
      class: 'band',
    };
    svg.append(element('rect', box));
  }
  svg.append(...axes(options, atX, atY));
  for (const { points: line, strong } of curves) {
    svg.append(element('path', { d: path(line), class: strong ? 'curve strong' : 'curve' }));
  }
  svg.append(...names(curves, width - right + 4, atY));
  if (points.length > 1) svg.append(element('path', { d: path(points), class: 'own' }));
  for (const [px, py, title] of points) {
    const dot = element('circle', { cx: atX(px).toFixed(1), cy: atY(py).toFixed(1), r: 4, class: 'dot' });
    if (title) dot.append(element('title', {}, title));
    svg.append(dot);
  }
  return svg;
}

/** Names at the ends of the curves: the strong one first, then those that have room. */
function names(curves, x, atY) {
  const taken = [];
  const inOrder = [...curves].sort((a, b) => Number(b.strong ?? false) - Number(a.strong ?? false));
  return inOrder.flatMap(({ name, points }) => {
    const y = atY(points.at(-1)[1]) + 4;
    if (taken.some((other) => Math.abs(other - y) < APART)) return [];
    taken.push(y);
    return [element('text', { x, y: y.toFixed(1), class: 'name' }, name)];
  });
}

function axes({ width, x, y, xTitle, yTitle, xTicks, formatX = String }, atX, atY) {
  const { height, left, right, top, bottom } = SIZE;
  const parts = [];
  for (const value of ticks(y[0], y[1], 6)) {
    const at = atY(value).toFixed(1);
    parts.push(element('line', { x1: left, x2: width - right, y1: at, y2: at, class: 'grid' }));
    parts.push(element('text', { x: left - 6, y: Number(at) + 4, 'text-anchor': 'end' }, String(value)));
  }
  for (const value of xTicks ?? ticks(x[0], x[1], 8)) {
    const at = atX(value).toFixed(1);
    parts.push(element('text', { x: at, y: height - bottom + 18, 'text-anchor': 'middle' }, formatX(value)));
  }
  parts.push(element('text', { x: left, y: top - 6, class: 'unit' }, yTitle));
  parts.push(
    element(
      'text',
      { x: (left + width - right) / 2, y: height - 4, 'text-anchor': 'middle', class: 'unit' },
      xTitle,
    ),
  );
  return parts;
}
