import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { float32 } from '../../../src/tensor.ts';
import { int, ints, type Attribute } from '../../../src/onnx/attribute.ts';
import { cloneGraph } from '../../../src/onnx/clone.ts';
import type { Graph } from '../../../src/onnx/graph.ts';
import { checkFold, nodeLines } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';
import { runGraph } from '../run-graph.ts';

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

  test('of integers', () => {
    const f = new Fixture();
    const shape = f.node('Shape', [f.node('Conv', [f.input([2, 3, 5, 4]), f.integers([7, 3, 1, 2])])]);
    isKept(f.done(f.node('Mul', [shape, f.shape([2], 'two')])));
  });
});

/** What folding has left of a graph of opset 6, which onnxruntime does not run, means the same in opset 17. */
function renewed(graph: ReturnType<typeof behindConv>) {
  const copy = cloneGraph(graph);
  copy.model.opsets.set('', 17);
  for (const node of copy.nodes) for (const name of ['axis', 'broadcast']) node.attributes.delete(name);
  return copy;
}

/** Zeros without their sign. */
async function valuesOf(graph: Graph) {
  const outputs = await runGraph(graph, 'disabled', {});
  return [...outputs].map(([name, { dims, data }]) => ({ name, dims, data: data.map((value) => value + 0) }));
}

describe('arithmetic of opset 6', () => {
  /** Conv or MatMul → arithmetic with a constant of this shape, which opset 17 has to see as `modern`. */
  function pair(
    opType: string,
    shape: readonly number[],
    modern: readonly number[],
    attributes: Record<string, Attribute> = {},
  ) {
    return [6, 17].map((opset) => {
      const f = new Fixture(opset);
      const y = f.node('Conv', [f.input([2, 3, 5, 4]), f.integers([7, 3, 1, 2])]);
      const z = f.node(
        opType,
        [y, f.integers(opset === 6 ? shape : modern, 'c')],
        opset === 6 ? attributes : {},
        'out',
      );
      return f.done(z);
    }) as [Graph, Graph];
  }

  test.each([
    ['a scalar', [], []],
    ['one number', [1], [1]],
    ['a vector aligned by axis', [7], [7, 1, 1], { broadcast: int(1), axis: int(1) }],
    ['a vector aligned by a negative axis', [7], [7, 1, 1], { broadcast: int(1), axis: int(-3) }],
    ['a suffix', [7, 1, 1], [7, 1, 1], { broadcast: int(1) }],
  ] as [string, number[], number[], Record<string, Attribute>?][])(
    'with %s is folded',
    async (_, shape, modern, attributes = {}) => {
      for (const opType of ['Add', 'Mul', 'Sub']) {
        const [old, now] = pair(opType, shape, modern, attributes);
        const folded = foldGraph(old).graph;
        expect(folded.nodes).toHaveLength(1);
        expect(await valuesOf(renewed(folded))).toEqual(await valuesOf(now));
      }
    },
  );

  test('is kept where broadcasting is not asked for, or aligns with another axis', () => {
    expect(foldGraph(pair('Mul', [7, 1, 1], [])[0]).report.changed).toBe(false);
    expect(foldGraph(pair('Mul', [7], [], { broadcast: int(1) })[0]).report.changed).toBe(false);
    expect(foldGraph(pair('Mul', [7], [], { broadcast: int(1), axis: int(2) })[0]).report.changed).toBe(false);
  });

  test('that stays behind is written by the rules of opset 6', () => {
    const f = new Fixture(6);
    const test = { attributes: { is_test: int(1) } };
    const y = f.node('Conv', [f.input([2, 3, 5, 4]), f.integers([7, 3, 1, 2])]);
    const z = f.node('Pad', [y], { pads: ints([0, 0, 1, 1, 0, 0, 1, 1]) });
    const { graph } = foldGraph(f.done(f.batchNormalization(z, 7, test)));
    expect(nodeLines(graph)[2]).toBe('bn = Add<axis=1, broadcast=1>(pad_1, bn_shift)');
    expect(graph.initializers.find(({ name }) => name === 'bn_shift')?.shape).toEqual([7]);
    const g = new Fixture(6);
    const twice = g.batchNormalization(g.batchNormalization(g.input([2, 3, 5]), 3, test), 3, test, 'bn2');
    const merged = foldGraph(g.done(g.node('Relu', [twice])));
    expect(merged.graph.nodes[0]!.int('is_test')).toBe(1);
    expect(merged.report.batchNormalizations).toMatchObject({ found: 2, folded: 1 });
  });

  test('behind a MatMul or a Gemm asks for a bias to be broadcast', async () => {
    for (const opType of ['MatMul', 'Gemm']) {
      const [old, now] = [6, 17].map((opset) => {
        const f = new Fixture(opset);
        const b = opType === 'Gemm' ? [f.integers([7], 'b')] : [];
        const y = f.node(opType, [f.input([2, 5]), f.integers([5, 7]), ...b], opset === 6 && b.length > 0 ? { broadcast: int(1) } : {}); // prettier-ignore
        return f.done(f.batchNormalization(y, 7, opset === 6 ? { attributes: { is_test: int(1) } } : {}));
      });
      const folded = foldGraph(old!).graph;
      expect(nodeLines(folded)).toEqual([`bn = Gemm<broadcast=1>(x, W_1, ${opType === 'Gemm' ? 'b_1' : 'W_bias'})`]);
      expect(await valuesOf(renewed(folded))).toEqual(await valuesOf(now!));
    }
  });
});

describe('nodes that no runtime accepts', () => {
  test('an operand that is missing leaves the node as it is', () => {
    for (const opType of OPERATORS) {
      const f = new Fixture();
      const { graph } = foldGraph(f.done(f.node(opType, [f.integers([3])]), f.node('Relu', [f.input([3])])));
      expect(nodeLines(graph)[0]).toBe(`${opType.toLowerCase()} = ${opType}(W)`);
    }
  });

  test('a node without inputs, in front of one that would fold, lets nothing through', () => {
    for (const opType of [
      'Transpose',
      'Relu',
      'Add',
      'Sum',
      'Concat',
      'Reshape',
      'MaxPool',
      'Neg',
      'BatchNormalization',
    ]) {
      const f = new Fixture();
      const { graph } = foldGraph(f.done(f.batchNormalization(f.node(opType, []), 3)));
      expect(graph.nodes.map((node) => node.opType)).toEqual([opType, 'BatchNormalization']);
    }
  });

  test('an order that names an axis twice, or one that there is not, is neither crossed nor merged', () => {
    for (const perm of [
      [0, 1000, 1],
      [0, 1, 1],
      [0, 1],
    ]) {
      const f = new Fixture();
      const y = f.node('Conv', [f.input([2, 3, 5]), f.integers([7, 3, 1])]);
      const z = f.node('Transpose', [f.node('Transpose', [y], { perm: ints([0, 2, 1]) })], { perm: ints(perm) });
      const { graph } = foldGraph(f.done(f.batchNormalization(z, 7)));
      expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Conv', 'Transpose', 'Transpose', 'BatchNormalization']);
    }
  });
});
