// Answers against the form that they answer. https://hl7.org/fhir/R4/questionnaireresponse.html#notes

import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import type { JsonObject, ResourceTree } from '../../../../src/fhir/model/tree.ts';
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
      'QuestionnaireResponse.item[0].answer[0].value.ofType(String)',
    ],
    [
      'not enabled',
      response(answer('1', { valueBoolean: false }), answer('2', { valueString: 'x' })),
      'QuestionnaireResponse.item[1]',
    ],
    [
      'too long',
      response(answer('1', { valueBoolean: true }), answer('2', { valueString: 'abcd' })),
      'QuestionnaireResponse.item[1].answer[0]',
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
