import { describe, expect, test } from 'vitest';
import { fatesOf, fatesOfLayer } from '../../../src/cli/inspect/fates.ts';
import type { FoldReport } from '../../../src/fold/report.ts';

const folded = (name: string) =>
  ({ name, opType: 'BatchNormalization', direction: 'back', way: 'back', through: [], into: [`${name}/conv (Conv)`] }) as const; // prettier-ignore

const report: FoldReport = {
  changed: true,
  nodes: { before: 9, after: 5 },
  batchNormalizations: { found: 5, folded: 4, kept: [{ name: 'bn.1', reason: 'its input is read twice' }] },
  folds: [...['bn', 'bn_1', 'bn_2', 'body_1/bn'].map(folded), { ...folded('mul'), opType: 'Mul' }],
  removed: [],
  written: [],
  warnings: [],
};

describe('the fate of a layer', () => {
  const fates = fatesOf(report);
  const into = (path: string, ...others: string[]) =>
    fatesOfLayer(path, new Set([path, ...others]), fates).map((fate) =>
      fate.outcome === 'folded' ? fate.into[0] : fate,
    );

  test('is one for each call of it, and of the models around it', () => {
    expect(into('bn')).toEqual(['bn/conv (Conv)', 'bn_1/conv (Conv)', 'bn_2/conv (Conv)']);
    expect(into('body/bn')).toEqual(['body_1/bn/conv (Conv)']);
  });

  test('is not that of another layer with a number in its name', () => {
    expect(into('bn', 'bn_1')).toEqual(['bn/conv (Conv)', 'bn_2/conv (Conv)']);
  });

  test('says what is left of it', () => {
    const scaled = fatesOf({ ...report, folds: [{ ...folded('bn'), leaves: 'Add' }] });
    expect(fatesOfLayer('bn', new Set(['bn']), scaled)).toMatchObject([{ outcome: 'folded', leaves: 'Add' }]);
  });

  test('is kept with its reason, whatever characters its name has', () => {
    expect(into('bn.1')).toEqual([{ outcome: 'kept', name: 'bn.1', reason: 'its input is read twice' }]);
  });

  test('is unknown where the graph does not hold it, or there is none', () => {
    expect(into('mul')).toMatchObject([{ outcome: 'unknown' }]);
    expect(into('(+[')).toMatchObject([{ outcome: 'unknown' }]);
    expect(fatesOfLayer('bn', new Set(), undefined)).toEqual([
      { outcome: 'unknown', reason: 'the model cannot be exported' },
    ]);
  });
});
