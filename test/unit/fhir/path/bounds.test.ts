/** Hostile expressions end soon, with one clear refusal. https://hl7.org/fhir/R4/security.html */
import { describe, expect, it } from '@jest/globals';
import { loadDefinitions } from '../../../../src/definitions-file.ts';
import { FhirError } from '../../../../src/fhir/model/outcome.ts';
import { compileExpression } from '../../../../src/fhir/path/engine.ts';
import { resourceNode } from '../../../../src/fhir/path/node.ts';

const definitions = await loadDefinitions();
const many = Array.from({ length: 300 }, (_, i) => ({ family: `f${i}`, given: [`g${i}`] }));
const PATIENT = resourceNode({ resourceType: 'Patient', name: many });

/** The issue code of the refusal, and the CPU milliseconds it took. */
function refusal(expression: string): { code: string | undefined; milliseconds: number } {
  const before = process.cpuUsage();
  let code: string | undefined;
  try {
    compileExpression(definitions, expression).evaluate(PATIENT);
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    code = error.issues[0]!.code;
  }
  const { user, system } = process.cpuUsage(before);
  return { code, milliseconds: (user + system) / 1000 };
}

const deep = (open: string, close: string, times: number): string =>
  open.repeat(times) + '1' + close.repeat(times);

describe('hostile expressions', () => {
  it.each<[string, string, string]>([
    ['doubling collections', `name${'.select($this.combine($this))'.repeat(40)}`, 'too-costly'],
    ['doubling strings', `'ab'${'.select($this + $this)'.repeat(60)}`, 'too-costly'],
    ['endless repeat', `1.repeat($this + 1)`, 'too-costly'],
    ['endless repeatAll', `name.repeatAll($this)`, 'too-costly'],
    [
      'products of lambdas',
      `name.select(%context.name.select(%context.name.select(%context.name)))`,
      'too-costly',
    ],
    [
      'quadratic repetition',
      `name${'.where(%context.descendants().where($this = 1).empty())'.repeat(50)}`,
      'too-costly',
    ],
    [
      'large values compared again and again',
      `name.select(%context.name).where(%resource = %resource and %resource ~ %resource)`,
      'too-costly',
    ],
    [
      'large values made distinct',
      `name.select(%context).distinct().count() + name.select(%context).isDistinct().toInteger()${'.select($this + %context.name.select(%context.name).distinct().count())'.repeat(20)}`,
      'too-costly',
    ],
    [
      'long texts looked through',
      `('a' & ${`'${'a'.repeat(9000)}'`}).replace('a', '${'b'.repeat(2000)}').select(%context.descendants().where(%context.name.family.join('').length() > $this.toString().length()).count())${'.select($this)'.repeat(3)}`,
      'none',
    ],
    ['deep parentheses', deep('(', ')', 5000), 'invalid'],
    ['deep arguments', deep('iif(true, ', ')', 1500), 'invalid'],
    ['deep signs', `${'-'.repeat(15000)}1`, 'invalid'],
    ['long chains', `name${'.name'.repeat(3000)}`, 'invalid'],
    ['long unions', `1${' | 1'.repeat(4000)}`, 'invalid'],
    ['long texts', `'${'x'.repeat(30_000)}'`, 'invalid'],
    ['large powers', `10.power(999999999)`, 'none'],
    ['growing decimals', `1.000001${'.select($this * $this)'.repeat(60)}`, 'none'],
    ['a pattern that explodes', `('a' & ${`'${'a'.repeat(5000)}'`} & '!').matches('^(a+)+$')`, 'none'],
    ['alternatives that explode', `'${'ab'.repeat(3000)}'.matches('^(a|ab|b|ba)*c$')`, 'none'],
    ['polynomial patterns', `'${'a'.repeat(9000)}'.matches('^a*a*a*a*a*b$')`, 'none'],
    ['exploding replacement', `'${'a'.repeat(5000)}'.replaceMatches('(a*)*b', 'x')`, 'none'],
    [
      'repetitions of repetitions',
      `'${'a'.repeat(5000)}'.matches('(((a{1,100}){1,100}){1,100}){1,100}b')`,
      'too-costly',
    ],
    ['look-ahead in a loop', `'${'a'.repeat(5000)}'.matches('^((?=a*)a*)*b$')`, 'too-costly'],
    ['a back reference', `'aa'.matches('(a)\\\\1')`, 'invalid'],
    ['a broken pattern', `'aa'.matches('a(')`, 'invalid'],
    ['replacement that multiplies', `'${'a'.repeat(9000)}'.replace('', '${'b'.repeat(9000)}')`, 'invalid'],
    ['a huge unit', `1 '${'m.'.repeat(5000)}m' = 1 'm'`, 'none'],
  ])('%s', (_name, expression, code) => {
    const found = refusal(expression);
    expect(found.code ?? 'none').toBe(code);
    expect(found.milliseconds).toBeLessThan(3000);
  });

  it('takes what is merely large', () => {
    expect(
      refusal(`name.where(family in ('${Array.from({ length: 300 }, (_, i) => `f${i}`).join("' | '")}'))`)
        .code,
    ).toBeUndefined();
    expect(refusal('descendants().where($this is string).distinct().count()').code).toBeUndefined();
  });

  it('keeps to the steps it is given', () => {
    const expression = compileExpression(definitions, 'name.select(given).count()');
    expect(expression.evaluate(PATIENT, { steps: 5000 })[0]!.value).toBe(300);
    expect(() => expression.evaluate(PATIENT, { steps: 100 })).toThrow(/stopped after 100 steps/);
  });

  it('shares a budget among evaluations', () => {
    const expression = compileExpression(definitions, 'name.select(given).count()');
    const budget = { left: 5000 };
    expression.evaluate(PATIENT, { budget });
    const used = 5000 - budget.left;
    expect(used).toBeGreaterThan(300);
    expect(() => {
      for (let i = 0; i < 100; i++) expression.test(PATIENT, { budget });
    }).toThrow(/it asks for too much work/);
    expect(budget.left).toBeLessThan(used);
    expect(() => expression.test(PATIENT, { budget })).toThrow(FhirError);
  });
});
