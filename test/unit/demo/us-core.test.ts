// Every must-support element of US Core 6.1.0 appears somewhere in the demo. https://hl7.org/fhir/us/core/STU6.1/must-support.html
import { describe, expect, it } from '@jest/globals';
import type { Resource, StructureDefinition } from '@medplum/fhirtypes';
import { demoRecords } from '../../../src/demo/records.ts';
import { needs, sharedData } from '../../needs.ts';
import { unmet } from './must-support.ts';
import { readPackage } from './us-core-package.ts';
import type { Package } from './us-core-package.ts';

const PACKAGE = 'us-core-packages/us_core_610.tgz';

/** What no record of ours should hold, and why. */
const EXCEPTIONS: readonly (readonly [where: RegExp, why: string])[] = [
  [
    /^(pediatric-|head-occipital|us-core-(bmi|body-|head-|heart-|respiratory-)).* Observation\.component/,
    'inherited from the vital signs panel; a single measure has no components',
  ],
  [
    /^us-core-blood-pressure Observation\.value/,
    'inherited; the values of a blood pressure are its components',
  ],
  [/^us-core-bmi Observation\.dataAbsentReason/, "R4's own profile of the body mass index demands a value"],
  [
    /-> (MolecularSequence|ImagingStudy|Media|ImmunizationRecommendation)$/,
    'kinds of evidence that the demo does not make',
  ],
];

/** Resources of 100 patients by the profile that they claim. */
function claimed(): ReadonlyMap<string, readonly Resource[]> {
  const byProfile = new Map<string, Resource[]>();
  const resources = [...demoRecords({ patients: 100, seed: 1, claims: 'us-core' })].flatMap(({ entry }) =>
    (entry ?? []).map((one) => one.resource!),
  );
  for (const resource of resources) {
    for (const url of resource.meta?.profile ?? []) {
      const group = byProfile.get(url);
      if (group) group.push(resource);
      else byProfile.set(url, [resource]);
    }
  }
  return byProfile;
}

needs(`shared-data/${PACKAGE}`, 'that US Core must-support elements appear in the demo')(
  'US Core 6.1.0',
  () => {
    const pack = readPackage(sharedData(...PACKAGE.split('/')));
    const byProfile = claimed();

    /** A resource that claims a profile made from another conforms to that one, too. */
    const conforming = (profile: StructureDefinition): readonly Resource[] =>
      [...byProfile]
        .filter(([url]) => ancestry(pack, url).includes(profile.url))
        .flatMap(([, resources]) => resources);

    const profiles = [...pack.profiles.values()].filter(
      ({ type, kind }) => kind === 'resource' && type !== 'Extension',
    );

    it('has its profiles in the package', () => {
      expect(profiles.length).toBeGreaterThan(45);
    });

    it.each(profiles.map((profile) => [profile.id!, profile] as const))('%s', (id, profile) => {
      const resources = conforming(profile);
      expect(resources.length).toBeGreaterThan(0);
      const missing = unmet(pack, profile, resources).filter(
        (one) => !EXCEPTIONS.some(([where]) => where.test(`${id} ${one}`)),
      );
      expect(missing).toEqual([]);
    });

    it('claims only profiles that exist', () => {
      expect([...byProfile.keys()].filter((url) => !pack.profiles.has(url))).toEqual([]);
    });
  },
);

/** A profile and those of the package that it is made from. */
function ancestry(pack: Package, url: string): readonly string[] {
  const base = pack.profiles.get(url)?.baseDefinition;
  return base !== undefined && pack.profiles.has(base) ? [url, ...ancestry(pack, base)] : [url];
}

describe('the test of must-support itself', () => {
  it('sees what is missing', () => {
    const profile = {
      resourceType: 'StructureDefinition',
      type: 'Patient',
      snapshot: {
        element: [
          { id: 'Patient.name', path: 'Patient.name', mustSupport: true },
          { id: 'Patient.birthDate', path: 'Patient.birthDate', mustSupport: true },
          { id: 'Patient.deceased[x]', path: 'Patient.deceased[x]', mustSupport: true },
        ],
      },
    } as StructureDefinition;
    const empty: Package = { profiles: new Map(), valueSets: new Map(), codeSystems: new Map() };
    const patient: Resource = { resourceType: 'Patient', name: [{ family: 'Osei' }], deceasedBoolean: false };
    expect(unmet(empty, profile, [patient])).toEqual(['Patient.birthDate']);
  });
});
