/**
 * The profiles that records claim: those of our own package in `profiles/embergate.demo`, in place of the US Core ones that the records are shaped by. A server
 * without US Core can then say whether they hold. https://hl7.org/fhir/R4/resource.html#Meta
 */
import type { Patient, Resource } from '@medplum/fhirtypes';

const OWN = 'https://records.embergate.example.org/fhir/StructureDefinition';

/** Last part of the US Core profile -> that of ours. */
const BY_NAME: Readonly<Record<string, string>> = {
  'us-core-patient': 'demo-patient',
  'us-core-condition-problems-health-concerns': 'demo-condition',
  'us-core-condition-encounter-diagnosis': 'demo-condition',
  'us-core-medicationrequest': 'demo-medication-request',
  'us-core-observation-lab': 'demo-laboratory-result',
  'us-core-body-height': 'demo-vital-sign',
  'us-core-body-weight': 'demo-vital-sign',
  'us-core-bmi': 'demo-vital-sign',
  'us-core-head-circumference': 'demo-vital-sign',
  'pediatric-bmi-for-age': 'demo-vital-sign',
  'pediatric-weight-for-height': 'demo-vital-sign',
  'head-occipital-frontal-circumference-percentile': 'demo-vital-sign',
  'us-core-heart-rate': 'demo-vital-sign',
  'us-core-respiratory-rate': 'demo-vital-sign',
  'us-core-body-temperature': 'demo-vital-sign',
  'us-core-pulse-oximetry': 'demo-vital-sign',
  'us-core-blood-pressure': 'demo-vital-sign',
};

/** The resource with our own claims, or with none where we have no profile of its kind. */
export function withOwnClaims(resource: Resource): Resource {
  const { meta } = resource;
  if (!meta?.profile) return resource;
  const { profile, ...rest } = meta;
  const own = profile.flatMap((one) => BY_NAME[one.slice(one.lastIndexOf('/') + 1)] ?? []);
  const { meta: _, resourceType, id, ...bare } = resource;
  const left = { ...rest, ...(own.length > 0 && { profile: own.map((name) => `${OWN}/${name}`) }) };
  const claimed = {
    resourceType,
    id,
    ...(Object.keys(left).length > 0 && { meta: left }),
    ...bare,
  } as Resource;
  return claimed.resourceType === 'Patient' ? madeUp(claimed) : claimed;
}

/** Patients say that they are made up. */
function madeUp(patient: Patient): Patient {
  const extension = [...(patient.extension ?? []), { url: `${OWN}/demo-synthetic`, valueBoolean: true }];
  return { ...patient, extension };
}
