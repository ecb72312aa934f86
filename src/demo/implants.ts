/** Implants with their unique device identifiers. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-implantable-device.html */
import type { Device } from '@medplum/fhirtypes';
import { dateText, DAYS_A_YEAR } from './calendar.ts';
import type { Day } from './calendar.ts';
import { put } from './chart.ts';
import type { Chart } from './chart.ts';
import { usCore } from './codes.ts';
import { concept, narrative } from './datatypes.ts';
import { subjectOf } from './encounters.ts';
import { chanceOf } from './life.ts';
import type { Background } from './life.ts';
import { organization } from './places.ts';
import type { ImplantRow } from './tables/procedures.ts';

/** A GTIN-14 with its check digit. https://www.gs1.org/services/how-calculate-check-digit-manually */
export function gtinOf(thirteen: string): string {
  const sum = [...thirteen]
    .reverse()
    .reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 3 : 1), 0);
  return `${thirteen}${(10 - (sum % 10)) % 10}`;
}

const sixDigits = (day: Day): string => dateText(day).slice(2).replaceAll('-', '');

/** The device that was implanted on a day, under the key of the procedure that did it. */
export function writeImplant(
  chart: Chart,
  life: Background,
  key: string,
  day: Day,
  implant: ImplantRow,
): void {
  const rng = chanceOf(life, 'implant', implant.gtin);
  const made = day - rng.int(60, 400);
  const expires = made + Math.round(5 * DAYS_A_YEAR);
  const [lot, serial] = [`L${rng.int(100_000, 999_999)}`, `S${rng.int(1_000_000, 9_999_999)}`];
  const gtin = gtinOf(implant.gtin);
  put<Device>(
    chart,
    key,
    {
      resourceType: 'Device',
      udiCarrier: [
        {
          deviceIdentifier: gtin,
          issuer: 'http://hl7.org/fhir/NamingSystem/gs1-di',
          jurisdiction: 'http://hl7.org/fhir/NamingSystem/fda-udi',
          carrierHRF: `(01)${gtin}(11)${sixDigits(made)}(17)${sixDigits(expires)}(10)${lot}(21)${serial}`,
          entryType: 'barcode',
        },
      ],
      status: 'active',
      distinctIdentifier: `${lot}-${serial}`,
      manufacturer: implant.manufacturer,
      manufactureDate: dateText(made),
      expirationDate: dateText(expires),
      lotNumber: lot,
      serialNumber: serial,
      deviceName: [{ name: implant.model, type: 'model-name' }],
      modelNumber: implant.model,
      type: concept(['snomed', ...implant.snomed]),
      patient: subjectOf(chart, life),
      owner: organization(chart.seed, 'hospital'),
    },
    {
      profile: usCore('us-core-implantable-device'),
      text: narrative(`${implant.snomed[1]} (${implant.manufacturer} ${implant.model})`),
    },
  );
}
