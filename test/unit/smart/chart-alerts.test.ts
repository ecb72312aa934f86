// What a chart warns of: what counts now, each once.

import { describe, expect, it } from '@jest/globals';
import { currentAlerts } from '../../../src/smart/chart-alerts.ts';

const status = (code: string) => ({ coding: [{ code }] });
const allergy = { resourceType: 'AllergyIntolerance', patient: {} } as const;
const problem = { resourceType: 'Condition', subject: {} } as const;

describe('currentAlerts', () => {
  it('leaves out what is over, what was wrong and what has no words', () => {
    expect(
      currentAlerts([
        { ...allergy, code: { text: 'Peanut' }, clinicalStatus: status('active') },
        { ...allergy, code: { text: 'Peanut' } },
        { ...allergy, code: { text: 'Dust' }, verificationStatus: status('refuted') },
        { ...problem, code: { coding: [{ code: '1' }, { display: 'Asthma' }] } },
        { ...problem, code: { text: 'Flu' }, clinicalStatus: status('resolved') },
        problem,
      ]),
    ).toEqual(['Peanut', 'Asthma']);
  });
});
