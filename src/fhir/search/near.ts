/**
 * `near` of Location: within a distance of a point. The circle becomes strips of latitude, each as wide as the circle is there, so that the stores only
 * compare numbers; what they find is right to about one part in a hundred of the distance, and nothing within it is missed.
 * https://hl7.org/fhir/R4/location.html#positional
 */
import { fault } from '../model/outcome.ts';
import { isObject } from '../model/tree.ts';
import type { PathNode } from '../path/engine.ts';
import type { Add } from './add.ts';
import { splitEscaped } from './escape.ts';
import { and, or, type Expression } from './expression.ts';
import { numberOf } from './number.ts';

const LATITUDE = 'latitude';
const LONGITUDE = 'longitude';
/** Mean radius of the Earth in km. */
const RADIUS = 6371.0088;
/** When the client leaves the distance to the server, in km. */
const DEFAULT_DISTANCE = 50;
const STRIPS = 48;
const RADIAN = Math.PI / 180;

/** UCUM codes of lengths, in km. */
const UNITS: Readonly<Record<string, number>> = {
  km: 1,
  m: 0.001,
  cm: 0.00001,
  '[mi_i]': 1.609344,
  '[mi_us]': 1.609347,
  '[nmi_i]': 1.852,
  '[ft_i]': 0.0003048,
  '[yd_i]': 0.0009144,
};

/** Index values of a position: two numbers, each under its name. */
export function indexPosition(param: string, { value }: PathNode, add: Add): void {
  if (!isObject(value)) return;
  const [latitude, longitude] = [numberOf(value[LATITUDE]), numberOf(value[LONGITUDE])];
  if (latitude === undefined || longitude === undefined) return;
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return;
  add({ kind: 'range', param, key: LATITUDE, low: latitude, high: latitude });
  add({ kind: 'range', param, key: LONGITUDE, low: longitude, high: longitude });
}

/** `42.25|-83.69|11.2|km`; distance and unit may be left out. Throws FhirError `value`. */
export function nearExpression(param: string, text: string): Expression {
  const [latitude, longitude, distance, unit = 'km', ...more] = splitEscaped(text, '|');
  const [lat, lon] = [decimal(latitude), decimal(longitude)];
  const far = distance === undefined || distance === '' ? DEFAULT_DISTANCE : decimal(distance);
  const factor = Object.hasOwn(UNITS, unit || 'km') ? UNITS[unit || 'km']! : undefined;
  if (lat === undefined || lon === undefined || far === undefined || far < 0 || more.length > 0)
    throw refusal(param, text);
  if (Math.abs(lat) > 90 || Math.abs(lon) > 180) throw refusal(param, text);
  if (factor === undefined) {
    const known = Object.keys(UNITS).join(', ');
    throw fault(
      'value',
      `"${unit.slice(0, 20)}" of ${param} is not a unit of length: these are ${known}`,
      param,
    );
  }
  return circle(param, lat, lon, (far * factor) / RADIUS);
}

const decimal = (text = ''): number | undefined =>
  /^[-+ ]?\d{1,9}(?:\.\d{1,20})?$/.test(text) ? Number(text.replace(/^ /, '+')) : undefined;

const refusal = (param: string, text: string): Error =>
  fault(
    'value',
    `"${text.slice(0, 60)}" of ${param} is not a place: write latitude|longitude|distance|unit, as in 42.25|-83.69|11.2|km`,
    param,
  );

/** `angle`: the distance as seen from the centre of the Earth, in radians. */
function circle(param: string, lat: number, lon: number, angle: number): Expression {
  const between = (key: string, from: number, to: number): Expression => ({
    op: 'range',
    param,
    key,
    bounds: [
      { end: 'low', is: '>=', value: from },
      { end: 'high', is: '<=', value: to },
    ],
  });
  if (angle >= Math.PI) return between(LATITUDE, -90, 90);
  // A hair more, so that rounding leaves out nothing that lies on the circle.
  const reach = angle / RADIAN + 1e-9;
  const edges = Array.from({ length: STRIPS + 1 }, (_, i) => lat - reach * Math.cos((Math.PI * i) / STRIPS));
  const strips = edges.slice(1).flatMap((top, i): Expression[] => {
    const [from, to] = [Math.max(edges[i]!, -90), Math.min(top, 90)];
    if (from > to) return [];
    const width = halfWidth(lat, angle, from, to) + 1e-9;
    return [
      and(
        between(LATITUDE, from, to),
        around(lon, width, (a, b) => between(LONGITUDE, a, b)),
      ),
    ];
  });
  return and(between(LATITUDE, Math.max(lat - reach, -90), Math.min(lat + reach, 90)), or(...strips));
}

/** Half the width of the circle, in degrees of longitude, at its widest between two latitudes. */
function halfWidth(lat: number, angle: number, from: number, to: number): number {
  const sine = Math.sin(lat * RADIAN) / Math.cos(angle);
  const widest = Math.abs(sine) <= 1 ? Math.asin(sine) / RADIAN : lat;
  const at = Math.min(Math.max(widest, from), to);
  return Math.max(...[from, at, to].map((one) => widthAt(lat, angle, one)));
}

function widthAt(lat: number, angle: number, at: number): number {
  const over = Math.cos(angle) - Math.sin(at * RADIAN) * Math.sin(lat * RADIAN);
  const under = Math.cos(at * RADIAN) * Math.cos(lat * RADIAN);
  if (under < 1e-12) return over <= 1e-9 ? 180 : 0;
  const cosine = over / under;
  return cosine >= 1 ? 0 : cosine <= -1 ? 180 : Math.acos(cosine) / RADIAN;
}

/** Longitudes within a width, also across the 180th meridian. */
function around(lon: number, width: number, between: (from: number, to: number) => Expression): Expression {
  if (width >= 180) return { op: 'all' };
  const [from, to] = [lon - width, lon + width];
  if (from < -180) return or(between(from + 360, 180), between(-180, to));
  if (to > 180) return or(between(from, 180), between(-180, to - 360));
  return between(from, to);
}
