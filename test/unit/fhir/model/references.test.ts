// Which references of a resource are local ones, and what a rewrite reaches.

import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import {
  localReferences,
  rewriteReferences,
  type ReferencePlace,
} from '../../../../src/fhir/model/references.ts';
import type { JsonObject, ResourceTree } from '../../../../src/fhir/model/tree.ts';

const definitions = await loadDefinitions();

const local = (resource: ResourceTree, baseUrl?: string): string[] =>
  localReferences(definitions, resource, baseUrl).map(({ type, id }) => `${type}/${id}`);
const subject = (reference: string): ResourceTree => ({
  resourceType: 'Observation',
  subject: { reference },
});

describe('localReferences', () => {
  it.each([
    ['Patient/1', ['Patient/1']],
    ['Patient/1/_history/2', ['Patient/1']],
    ['Patient/1#part', ['Patient/1']],
    ['#contained', []],
    ['urn:uuid:6f1d0d0c-1f61-4f2a-9d2e-0d6f3f8f6a11', []],
    ['http://other.org/fhir/Patient/1', []],
    ['Patient?identifier=1', []],
    ['Shoe/1', []],
    ['Resource/1', []],
    ['Patient/a_b', []],
    [`Patient/${'x'.repeat(65)}`, []],
    ['Patient/1/Observation/2', []],
    [' Patient/1', []],
  ])('of %j are %j', (reference, expected) => {
    expect(local(subject(reference))).toEqual(expected);
  });

  it('include absolute ones below the base of this server only', () => {
    const base = 'http://me.org/fhir';
    expect(local(subject(`${base}/Patient/1/_history/3`), base)).toEqual(['Patient/1']);
    expect(local(subject(`${base}2/Patient/1`), base)).toEqual([]);
    expect(local(subject(`${base}/Patient/1`))).toEqual([]);
  });

  it('are each found once, in extensions, siblings, contained and bundled resources', () => {
    const extension = (id: string): JsonObject[] => [
      { url: 'http://e', valueReference: { reference: `Patient/${id}` } },
    ];
    const resource: ResourceTree = {
      resourceType: 'Patient',
      extension: extension('a'),
      _birthDate: { extension: extension('b') },
      managingOrganization: { reference: 'Organization/o', extension: extension('c') },
      generalPractitioner: [{ reference: 'Organization/o' }, { reference: 'Organization/o/_history/1' }],
      contained: [{ resourceType: 'Goal', subject: { reference: 'Patient/d' } }],
    };
    expect(local(resource).sort()).toEqual([
      'Organization/o',
      'Patient/a',
      'Patient/b',
      'Patient/c',
      'Patient/d',
    ]);
  });

  it('are no canonicals, uris or strings, and nothing of what is unknown', () => {
    expect(
      local({
        resourceType: 'CarePlan',
        instantiatesCanonical: ['PlanDefinition/1'],
        instantiatesUri: ['PlanDefinition/2'],
      }),
    ).toEqual([]);
    expect(
      local({ resourceType: 'Patient', shoe: { reference: 'Patient/1' }, name: [{ text: 'Patient/1' }] }),
    ).toEqual([]);
  });

  it('do not stumble over a reference that is no string', () => {
    const odd = {
      resourceType: 'Observation',
      subject: { reference: 7 },
      focus: ['x', null, { reference: null }],
    };
    expect(local(odd)).toEqual([]);
  });
});

describe('rewriteReferences', () => {
  const uuid = 'urn:uuid:6f1d0d0c-1f61-4f2a-9d2e-0d6f3f8f6a11';

  function rewritten(resource: ResourceTree): { resource: ResourceTree; places: ReferencePlace[] } {
    const places: ReferencePlace[] = [];
    rewriteReferences(definitions, resource, (reference, place) => {
      if (reference !== uuid) return undefined;
      places.push(place);
      return 'Patient/1';
    });
    return { resource, places };
  }

  it('reaches references, uris, urls, oids and uuids', () => {
    const extension = ['valueUri', 'valueUrl', 'valueOid', 'valueUuid'].map((name) => ({
      url: 'http://e',
      [name]: uuid,
    }));
    const { resource, places } = rewritten({
      resourceType: 'Observation',
      extension,
      subject: { reference: uuid },
    });
    expect(places).toEqual(['uri', 'url', 'oid', 'uuid', 'Reference']);
    expect(JSON.stringify(resource)).not.toContain(uuid);
    expect(resource['subject']).toEqual({ reference: 'Patient/1' });
  });

  it('leaves canonicals, strings, codes and unknown elements alone', () => {
    const resource: ResourceTree = {
      resourceType: 'CarePlan',
      instantiatesCanonical: [uuid],
      description: uuid,
      identifier: [{ value: uuid }],
      shoe: { reference: uuid },
    };
    const before = structuredClone(resource);
    expect(rewritten(resource)).toEqual({ resource: before, places: [] });
  });

  it('rewrites links and images in narratives, in either quotes', () => {
    const div = `<div xmlns="http://www.w3.org/1999/xhtml"><a class="x" href="${uuid}">one</a><a href = '${uuid}'/><img alt="" src="${uuid}"/><p title="${uuid}">${uuid}</p><abbr href="${uuid}"/><a data-href="${uuid}"/></div>`;
    const { resource, places } = rewritten({ resourceType: 'Patient', text: { status: 'generated', div } });
    expect(places).toEqual(['narrative', 'narrative', 'narrative']);
    const after = (resource['text'] as JsonObject)['div'];
    expect(after).toBe(
      `<div xmlns="http://www.w3.org/1999/xhtml"><a class="x" href="Patient/1">one</a><a href = 'Patient/1'/><img alt="" src="Patient/1"/><p title="${uuid}">${uuid}</p><abbr href="${uuid}"/><a data-href="${uuid}"/></div>`,
    );
  });

  it('leaves a narrative without a match byte for byte', () => {
    const div = '<div xmlns="http://www.w3.org/1999/xhtml"><a href="http://e/?a=1&amp;b=2">$1 $&</a></div>';
    const { resource } = rewritten({ resourceType: 'Patient', text: { div } });
    expect((resource['text'] as JsonObject)['div']).toBe(div);
  });

  it.each(['<a ', '<a href="', "<a href='", `<a ${'href '.repeat(1000)}`, `<img${' '.repeat(1000)}src`])(
    'takes linear time over many %j',
    (piece) => {
      const div = piece.repeat(Math.ceil(1_000_000 / piece.length));
      const started = performance.now();
      rewritten({ resourceType: 'Patient', text: { div } });
      expect(performance.now() - started).toBeLessThan(1000);
    },
  );

  it('reaches contained and bundled resources', () => {
    const entry = [{ resource: { resourceType: 'Observation', subject: { reference: uuid } } }];
    expect(rewritten({ resourceType: 'Bundle', entry }).places).toEqual(['Reference']);
  });
});
