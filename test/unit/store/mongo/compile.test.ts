/** Plans as MongoDB filters: values stay data, and bounds are spelt so that indexes can serve them. */
import { describe, expect, it } from '@jest/globals';
import { ALL, type Expression } from '../../../../src/fhir/search/expression.ts';
import { searchPlan, type SearchQuery } from '../../../../src/fhir/search/plan.ts';
import { afterPosition, compileExpression, compileSearch } from '../../../../src/store/mongo/compile.ts';

const plan = (query: Partial<SearchQuery>) =>
  searchPlan({ branches: [{ type: 'Patient', where: ALL }], count: 10, ...query }, () => ALL);

describe('filters', () => {
  const cases: [Expression, object][] = [
    [{ op: 'key', param: 'code', keys: ['a'] }, { k: { $eq: 'code\u0001a' } }],
    [
      { op: 'key', param: '_reference', keys: ['Patient/1', 'Patient/2'] },
      { f: { $in: ['Patient/1', 'Patient/2'] } },
    ],
    [
      { op: 'text', param: 'name', test: 'starts', value: 'al' },
      { k: { $elemMatch: { $gte: 'name\u0002al', $lt: 'name\u0002am' } } },
    ],
    [
      {
        op: 'range',
        param: 'date',
        key: '',
        bounds: [
          { end: 'low', is: '<=', value: 5 },
          { end: 'high', is: '>', value: 2 },
        ],
      },
      { r: { $elemMatch: { $and: [{ p: 'date\u0001' }, { l: { $lte: 5 } }, { h: { $gt: 2 } }] } } },
    ],
    // A range that ends before 9 begins before 9: so the index, which is ordered by the low end, need not be read further.
    [
      { op: 'range', param: 'date', key: '', bounds: [{ end: 'high', is: '<', value: 9 }] },
      { r: { $elemMatch: { $and: [{ p: 'date\u0001' }, { h: { $lt: 9 } }, { l: { $lt: 9 } }] } } },
    ],
    [{ op: 'or', of: [] }, { _id: { $in: [] } }],
    [{ op: 'and', of: [] }, {}],
  ];
  it.each(cases)('%j', (expression, filter) => {
    expect(compileExpression(expression, 'Patient')).toEqual(filter);
  });

  it('escape what a pattern would read as its own', () => {
    const { k } = compileExpression(
      { op: 'text', param: 'name', test: 'contains', value: '.*(a' },
      'Patient',
    ) as {
      k: { $elemMatch: { $regex: string } };
    };
    expect(k.$elemMatch.$regex.endsWith('.*\\.\\*\\(a')).toBe(true);
  });

  it('never let a value become an operator or a field path', () => {
    const sort = [{ by: 'param', param: '$b', kind: 'key', prefix: '$$ROOT', descending: false }] as const;
    const where = { op: 'key', param: '$where', keys: ['$gt'] } as const;
    const { filter, computed } = compileSearch(plan({ branches: [{ type: '$t', where }], sort }));
    expect(filter).toEqual({ $and: [{ t: '$t' }, { k: { $eq: '$where\u0001$gt' } }] });
    expect(JSON.stringify(computed)).toContain('{"$literal":"$b\\u0001$$ROOT"}');
  });
});

describe('order', () => {
  it('ends with a field that no two resources share and stops there', () => {
    expect(compileSearch(plan({})).order).toEqual([{ name: 'o', direction: -1 }]);
    expect(
      compileSearch(
        plan({
          sort: [
            { by: 'id', descending: false },
            { by: 'updated', descending: true },
          ],
        }),
      ).order,
    ).toEqual([{ name: '_id', direction: 1 }]);
  });

  it('names no field twice', () => {
    const twice = [
      { by: 'updated', descending: true },
      { by: 'updated', descending: false },
    ] as const;
    expect(compileSearch(plan({ sort: twice })).order.map(({ name }) => name)).toEqual(['at', 'o']);
  });

  it('goes on after a position', () => {
    const order = [
      { name: 'at', direction: 1 },
      { name: 'o', direction: -1 },
    ] as const;
    expect(afterPosition(order, [5, 7])).toEqual({
      $or: [{ at: { $gt: 5 } }, { at: { $eq: 5 }, o: { $lt: 7 } }],
    });
  });
});
