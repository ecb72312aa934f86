// Answers against the form that they answer. https://hl7.org/fhir/R4/questionnaireresponse.html#notes

import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import type { JsonObject, ResourceTree } from '../../../../src/fhir/model/tree.ts';
import type { PathNode } from '../../../../src/fhir/path/node.ts';
import { validate } from '../../../../src/fhir/validation/validator.ts';

const core = await loadDefinitions();

describe('answers', () => {
  const form: JsonObject = {
    resourceType: 'Questionnaire',
    url: 'http://x/form',
    status: 'active',
    item: [
      { linkId: '1', type: 'boolean', required: true },
      {
        linkId: '2',
        type: 'string',
        maxLength: 3,
        enableWhen: [{ question: '1', operator: '=', answerBoolean: true }],
      },
      { linkId: '3', type: 'choice', answerOption: [{ valueCoding: { code: 'a' } }] },
    ],
  };
  const response = (...item: JsonObject[]): JsonObject => ({
    resourceType: 'QuestionnaireResponse',
    status: 'completed',
    questionnaire: 'http://x/form',
    item,
  });
  const answer = (linkId: string, ...values: JsonObject[]): JsonObject => ({ linkId, answer: values });
  const places = (tree: JsonObject): (string | undefined)[] =>
    validate(core, tree as ResourceTree, {
      environment: { resolve: () => ({ value: form, type: 'Questionnaire' }) },
    }).map(({ expression }) => expression?.[0]);

  it('fit the form', () => {
    expect(
      places(response(answer('1', { valueBoolean: true }), answer('2', { valueString: 'abc' }))),
    ).toEqual([]);
  });

  it.each([
    ['required', response(answer('3', { valueCoding: { code: 'a' } })), 'QuestionnaireResponse'],
    [
      'unknown',
      response(answer('1', { valueBoolean: true }), answer('9', { valueString: 'x' })),
      'QuestionnaireResponse',
    ],
    [
      'of another type',
      response(answer('1', { valueString: 'x' })),
      'QuestionnaireResponse.item[0].answer[0].value.ofType(string)',
    ],
    [
      'not enabled',
      response(answer('1', { valueBoolean: false }), answer('2', { valueString: 'x' })),
      'QuestionnaireResponse.item[1]',
    ],
    [
      'too long',
      response(answer('1', { valueBoolean: true }), answer('2', { valueString: 'abcd' })),
      'QuestionnaireResponse.item[1].answer[0].value.ofType(string)',
    ],
    [
      'none of the options',
      response(answer('1', { valueBoolean: true }), answer('3', { valueCoding: { code: 'b' } })),
      'QuestionnaireResponse.item[1].answer[0]',
    ],
    [
      'too many',
      response(answer('1', { valueBoolean: true }, { valueBoolean: true })),
      'QuestionnaireResponse.item[0]',
    ],
  ])('%s', (_, tree, expected) => {
    expect(places(tree)).toEqual([expected]);
  });
});

describe('the value of an answer', () => {
  const R4 = 'http://hl7.org/fhir/StructureDefinition/';
  const kilogram = (value: number, code?: string): JsonObject => ({
    value,
    unit: 'x',
    ...(code !== undefined && { system: 'http://unitsofmeasure.org', code }),
  });
  const limit = (name: string, value: JsonObject): JsonObject => ({ url: R4 + name, ...value });

  /** The places of what is said of one answer to one question. */
  const said = (question: JsonObject, ...answer: JsonObject[]): (string | undefined)[] => {
    const form = { resourceType: 'Questionnaire', status: 'active', item: [{ linkId: '1', ...question }] };
    const tree = {
      resourceType: 'QuestionnaireResponse',
      status: 'completed',
      questionnaire: 'http://x/form',
      item: [{ linkId: '1', answer }],
    };
    const resolve = (): PathNode => ({ value: form, type: 'Questionnaire' });
    return validate(core, tree as unknown as ResourceTree, { environment: { resolve } })
      .filter(({ severity }) => severity === 'error')
      .map(({ expression }) => expression?.[0]?.replace('QuestionnaireResponse.item[0].', ''));
  };

  it.each<[string, JsonObject, JsonObject, JsonObject, string]>([
    [
      'minValue of an integer',
      { type: 'integer', extension: [limit('minValue', { valueInteger: 5 })] },
      { valueInteger: 5 },
      { valueInteger: 4 },
      'integer',
    ],
    [
      'maxValue of a date',
      { type: 'date', extension: [limit('maxValue', { valueDate: '2022' })] },
      { valueDate: '2022' },
      { valueDate: '2023' },
      'date',
    ],
    [
      'minLength',
      { type: 'string', extension: [limit('minLength', { valueInteger: 3 })] },
      { valueString: 'abc' },
      { valueString: 'ab' },
      'string',
    ],
    [
      'regex',
      { type: 'string', extension: [limit('regex', { valueString: '[a-z]+@[a-z]+' })] },
      { valueString: 'a@b' },
      { valueString: 'a@b!' },
      'string',
    ],
    [
      'a regex that would explode',
      { type: 'string', extension: [limit('regex', { valueString: '(a+)+b' })] },
      { valueString: 'aab' },
      { valueString: 'a'.repeat(60) },
      'string',
    ],
    [
      'maxDecimalPlaces',
      { type: 'decimal', extension: [limit('maxDecimalPlaces', { valueInteger: 1 })] },
      { valueDecimal: 1.5 },
      { valueDecimal: 1.25 },
      'decimal',
    ],
    [
      'maxQuantity, in another unit',
      {
        type: 'quantity',
        extension: [
          {
            url: 'http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-maxQuantity',
            valueQuantity: kilogram(2, 'kg'),
          },
        ],
      },
      { valueQuantity: kilogram(1999, 'g') },
      { valueQuantity: kilogram(2001, 'g') },
      'Quantity',
    ],
    [
      'referenceResource',
      { type: 'reference', extension: [limit('questionnaire-referenceResource', { valueCode: 'Patient' })] },
      { valueReference: { reference: 'Patient/1' } },
      { valueReference: { reference: 'Group/1' } },
      'Reference',
    ],
    [
      'options of a time',
      { type: 'time', answerOption: [{ valueTime: '10:00:00' }] },
      { valueTime: '10:00:00' },
      { valueTime: '11:00:00' },
      'time',
    ],
  ])('%s', (_, question, right, wrong, type) => {
    expect(said(question, right)).toEqual([]);
    expect(said(question, wrong)).toEqual([`answer[0].value.ofType(${type})`]);
  });

  it('is not an exclusive option with others', () => {
    const alone = [{ url: `${R4}questionnaire-optionExclusive`, valueBoolean: true }];
    const answerOption: JsonObject[] = [
      { valueCoding: { code: 'a' } },
      { extension: alone, valueCoding: { code: 'none' } },
    ];
    const question = { type: 'choice', repeats: true, answerOption };
    expect(said(question, { valueCoding: { code: 'none' } })).toEqual([]);
    expect(said(question, { valueCoding: { code: 'a' } }, { valueCoding: { code: 'none' } })).toEqual([
      'answer[1]',
    ]);
  });
});
