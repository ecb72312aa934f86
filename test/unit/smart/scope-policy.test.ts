/** Which scopes of a request can be granted at all. */
import { describe, expect, it } from '@jest/globals';
import { parseScope } from '../../../src/access/scopes.ts';
import { covers, decideScopes, wantsEncounter, wantsPatient } from '../../../src/smart/scope-policy.ts';

const types = ['Patient', 'Observation', 'Basic'];
const decide = (asked: string, registered?: string, flow: 'user' | 'backend' = 'user') =>
  decideScopes(asked, { flow, types, ...(registered !== undefined && { registered }) });

describe('decisions', () => {
  it('keep the order and the spelling of what was asked, each once', () => {
    const asked =
      'openid patient/Observation.read patient/*.cruds patient/Observation.read launch/patient offline_access';
    expect(decide(asked).granted).toEqual([
      'openid',
      'patient/Observation.read',
      'patient/*.cruds',
      'launch/patient',
      'offline_access',
    ]);
  });

  it.each([
    ['patient/Observation.sr', 'malformed', 'patient/Observation.rs'],
    ['user/observation.rs', 'malformed', 'user/Observation.rs'],
    ['patient/Observation.rs?', 'malformed', undefined],
    ['patient/Observation.', 'malformed', undefined],
    ['system/Patient.rs', 'other-flow', undefined],
    ['patient/ProcedureRequest.rs', 'unknown-type', undefined],
    ['email', 'unknown', undefined],
  ])('%s is %s', (scope, fault, nearest) => {
    const { granted, refused } = decide(scope);
    expect(granted).toEqual([]);
    expect(refused).toEqual([{ scope, fault, ...(nearest !== undefined && { nearest }) }]);
  });

  it('a backend service gets system scopes alone, and no more than it is registered for', () => {
    const registered = 'system/Patient.rs system/Observation.cruds';
    const { granted, refused } = decide(
      'system/Patient.r system/Observation.rs system/*.rs openid user/Patient.rs',
      registered,
      'backend',
    );
    expect(granted).toEqual(['system/Patient.r', 'system/Observation.rs']);
    expect(refused.map(({ fault }) => fault)).toEqual(['not-registered', 'other-flow', 'other-flow']);
  });
});

describe('covering', () => {
  it.each([
    ['patient/*.rs', 'patient/Observation.rs', true],
    ['patient/*.read', 'patient/Observation.rs', true],
    ['patient/Observation.rs', 'patient/*.rs', false],
    ['patient/Observation.rs', 'patient/Observation.cruds', false],
    ['patient/Observation.rs', 'user/Observation.rs', false],
    ['patient/Observation.rs', 'patient/Observation.rs?category=x', true],
    ['patient/Observation.rs?category=x', 'patient/Observation.rs', false],
    ['patient/Observation.rs?category=x', 'patient/Observation.rs?category=y', false],
    ['patient/Observation.rs?category=x', 'patient/Observation.rs?category=x&code=1', true],
    ['openid', 'openid', true],
    ['openid', 'fhirUser', false],
    ['launch/patient', 'launch/patient', true],
    ['launch', 'launch/patient', false],
  ])('%s covers %s: %p', (allowed, asked, expected) => {
    expect(covers(parseScope(allowed)!, parseScope(asked)!)).toBe(expected);
  });
});

it('a patient is wanted by patient scopes and launch scopes; an encounter by its own', () => {
  expect(['patient/*.rs', 'launch/patient', 'launch/encounter'].map(wantsPatient)).toEqual([
    true,
    true,
    true,
  ]);
  expect(['user/*.rs openid', 'launch', ''].map(wantsPatient)).toEqual([false, false, false]);
  expect(wantsEncounter('launch launch/encounter')).toBe(true);
});
