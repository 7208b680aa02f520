import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { float32 } from '../../src/tensor.ts';
import { checkFold } from './check-fold.ts';
import { Fixture } from './fixture.ts';

const OPERATORS = ['Add', 'Sub', 'Mul', 'Div'] as const;

function behindConv(opType: string, side: 'left' | 'right', shape: readonly number[], opset = 17) {
  const f = new Fixture(opset);
  const y = f.node('Conv', [f.input([2, 3, 5, 4]), f.integers([7, 3, 1, 2]), f.integers([7], 'b')]);
  const size = shape.reduce((product, dim) => product * dim, 1);
  const powers = Array.from({ length: size }, (_, index) => [1, 2, -4, 0.5, -1][index % 5]!);
  const c = f.graph.constant('c', float32(shape, powers));
  return f.done(f.node(opType, side === 'left' ? [c, y] : [y, c], {}, 'out'));
}

describe('arithmetic with a constant', () => {
  for (const opType of OPERATORS) {
    for (const shape of [[], [1], [1, 1, 1, 1], [7, 1, 1], [1, 7, 1, 1]]) {
      test(`${opType}(x, c) of shape [${shape.join(', ')}] is folded`, async () => {
        await checkFold(behindConv(opType, 'right', shape), undefined);
        expect(foldGraph(behindConv(opType, 'right', shape)).graph.nodes).toHaveLength(1);
      });
    }
  }

  for (const opType of ['Add', 'Sub', 'Mul']) {
    test(`${opType}(c, x) is folded`, async () => {
      const report = await checkFold(behindConv(opType, 'left', [7, 1, 1]), undefined);
      expect(report.nodes.after).toBe(1);
    });
  }

  test('Neg(x) is folded', async () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input([2, 3, 5, 4]), f.integers([7, 3, 1, 2])]);
    await checkFold(f.done(f.node('Neg', [y])), ['neg = Conv(x, W_1)']);
  });
});

describe('arithmetic is kept', () => {
  const isKept = (graph: ReturnType<typeof behindConv>) => {
    expect(foldGraph(graph).report.changed).toBe(false);
  };

  test('where x is the divisor', async () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input([2, 3, 5, 4]), f.integers([7, 3, 1, 2])]);
    const far = f.node('Add', [f.node('Abs', [y]), f.integers([1], 'one')]);
    const report = await checkFold(f.done(f.node('Div', [f.integers([7, 1, 1], 'c'), far])), undefined, { tolerance: 'layer' }); // prettier-ignore
    expect(report.changed).toBe(false);
    isKept(behindConv('Div', 'left', [7, 1, 1]));
  });

  test.each([
    ['of the wrong axis', [3]],
    ['that varies along two axes', [7, 1, 3]],
    ['of more axes than x', [1, 1, 7, 1, 1]],
    ['that varies over the samples', [2, 1, 1, 1]],
  ] as const)('with a constant %s', (_, shape) => {
    isKept(behindConv('Mul', 'right', shape));
  });

  test('that would enlarge x', async () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input([2, 3, 5, 4]), f.integers([1, 3, 1, 2])]);
    const report = await checkFold(f.done(f.node('Mul', [y, f.integers([7, 1, 1], 'c')])), undefined);
    expect(report.changed).toBe(false);
  });

  test('with a divisor of 0', () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input([2, 3, 5, 4]), f.integers([7, 3, 1, 2])]);
    isKept(f.done(f.node('Div', [y, f.graph.constant('c', float32([], [0]))])));
  });

  test('of opset 6, which aligns by an attribute', () => {
    isKept(behindConv('Mul', 'right', [7, 1, 1], 6));
  });

  test('of integers', () => {
    const f = new Fixture();
    const shape = f.node('Shape', [f.node('Conv', [f.input([2, 3, 5, 4]), f.integers([7, 3, 1, 2])])]);
    isKept(f.done(f.node('Mul', [shape, f.shape([2], 'two')])));
  });
});
