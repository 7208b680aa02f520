import { expect, test } from 'vitest';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { int, ints } from '../../../src/onnx/attribute.ts';
import { cloneGraph } from '../../../src/onnx/clone.ts';
import { regionsOf } from '../../../src/parity/audit/regions.ts';
import { Fixture } from '../../fold/fixture.ts';
import { readOnnx } from '../../../src/onnx/read.ts';
import type { Graph } from '../../../src/onnx/graph.ts';
import { readShared, sharedPath, testShared } from '../../support/shared.ts';
import { readdirSync } from 'node:fs';

/** `x => y: Conv BatchNormalization / Conv` for each piece of each region. */
function outline(reference: Graph, candidate: Graph, folds: readonly { readonly name: string }[] = []) {
  const { regions, uncovered } = regionsOf(reference, candidate, folds);
  const text = regions.map(({ pieces, folds: inside }) => {
    const parts = pieces.map(({ leaves, outputs, reference: before, candidate: after }) => {
      const types = (nodes: typeof before) => nodes.map(({ opType }) => opType).join(' ');
      return `${leaves.join(' ')} => ${outputs.join(' ')}: ${types(before)} / ${types(after)}`;
    });
    return `${parts.join('; ')} [${inside.join(' ')}]`;
  });
  return { text, uncovered };
}

const outlineOfFold = (graph: Graph) => {
  const { graph: folded, report } = foldGraph(graph);
  return outline(graph, folded, report.folds);
};

test('finds the Conv that has taken a BatchNormalization in, and nothing else', () => {
  const f = new Fixture();
  const y = f.node('Relu', [
    f.batchNormalization(f.node('Conv', [f.input([1, 3, 5, 5]), f.integers([4, 3, 1, 1])]), 4),
  ]);
  expect(outlineOfFold(f.done(f.node('Sigmoid', [y])))).toEqual({
    text: ['x => bn: Conv BatchNormalization / Conv [bn]'],
    uncovered: [],
  });
});

test('makes one region of all consumers that share what was folded', () => {
  const f = new Fixture();
  const x = f.input([2, 3, 5, 5]);
  const y = f.batchNormalization(x, 3);
  const [a, b] = ['a', 'b'].map((name) => f.node('Conv', [y, f.integers([4, 3, 1, 1])], {}, name));
  const { text } = outlineOfFold(f.done(f.node('Relu', [a!]), f.node('Sigmoid', [b!])));
  expect(text).toEqual(['x => a b: BatchNormalization Conv Conv / Conv Conv [bn]']);
});

test('takes constants that are computed in either graph along', () => {
  const f = new Fixture();
  const spread = f.node('Sqrt', [f.integers([1], 'variance')], {}, 'deviation');
  const scaled = f.node('Mul', [f.node('Conv', [f.input([1, 3, 5, 5]), f.integers([4, 3, 1, 1])], {}, 'c'), spread]);
  const graph = f.done(scaled);
  const other = cloneGraph(graph);
  const constant = other.constant('two', { dtype: 'float32', shape: [1], data: Float32Array.of(2) });
  other.nodes.find(({ opType }) => opType === 'Mul')!.setInput(1, constant);
  expect(outline(graph, other).text).toEqual(['c => mul: Sqrt Mul / Mul []']);
});

test('goes on through a value that only one side begins with', () => {
  const f = new Fixture();
  const x = f.input([2, 3, 4]);
  const first = f.node('Transpose', [x], { perm: ints([0, 2, 1]) }, 'first');
  const second = f.node('Transpose', [first], { perm: ints([2, 0, 1]) }, 'second');
  const graph = f.done(f.node('Relu', [first], {}, 'also'), second);
  const merged = cloneGraph(graph);
  const node = merged.nodes.find(({ outputs }) => outputs[0]!.name === 'second')!;
  node.setInput(0, merged.inputs[0]);
  node.attributes.set('perm', ints([1, 0, 2]));
  expect(outline(graph, merged).text).toEqual(['x => second: Transpose Transpose / Transpose []']);
});

test('does not go on through a value of which only the size is read', () => {
  const f = new Fixture();
  const x = f.input(['n', 4]);
  const y = f.node('Relu', [f.node('Sigmoid', [x], {}, 'deep')], {}, 'y');
  const size = f.node('Shape', [y], {}, 'size');
  const graph = f.done(y, f.node('Reshape', [x, size], {}, 'same'));
  const other = cloneGraph(graph);
  other.nodes.find(({ opType }) => opType === 'Reshape')!.setInput(1, other.constant('fixed', { dtype: 'int64', shape: [2], data: BigInt64Array.of(-1n, 4n) })); // prettier-ignore
  const { text } = outline(graph, other);
  expect(text).toEqual(['size x => same: Reshape / Reshape []']);
});

test('takes a constant for the same only if it is to the bit', () => {
  const f = new Fixture();
  const y = f.node('Conv', [f.input([1, 3, 5, 5]), f.integers([4, 3, 1, 1])], {}, 'y');
  const graph = f.done(y);
  const other = cloneGraph(graph);
  const weight = other.initializers[0]!;
  const copy = weight.constant!.tensor();
  const data = (copy.data as Float32Array).slice();
  const twin = other.constant('twin', { ...copy, data });
  other.nodes[0]!.setInput(1, twin);
  expect(outline(graph, other).text).toEqual([]);
  data[0] = data[0] === 0 ? -0 : data[0]! + 2 ** -20;
  expect(outline(graph, other).text).toEqual(['x => y: Conv / Conv []']);
});

test('sees an attribute that differs, in a body too', () => {
  const f = new Fixture();
  const graph = f.done(f.node('Concat', [f.input([2, 3]), f.input([2, 3], 'z')], { axis: int(0) }, 'y'));
  const other = cloneGraph(graph);
  other.nodes[0]!.attributes.set('axis', int(1));
  expect(outline(graph, other).text).toEqual(['x z => y: Concat / Concat []']);
});

test('names a fold whose node is still there, and forgives one that nothing reads', () => {
  const f = new Fixture();
  const x = f.input([2, 3, 5, 5]);
  const y = f.batchNormalization(x, 3, {}, 'kept');
  f.batchNormalization(x, 3, {}, 'dead');
  const graph = f.done(y);
  const folds = [{ name: 'kept' }, { name: 'dead' }];
  expect(outline(graph, cloneGraph(graph), folds)).toEqual({ text: [], uncovered: ['kept'] });
});

testShared('conformance/fold-patterns', 'covers every fold of every pattern', () => {
  const folder = 'conformance/fold-patterns';
  const names = readdirSync(sharedPath(folder)).filter((name) => name.endsWith('.onnx'));
  for (const name of names) {
    const graph = readOnnx(readShared(`${folder}/${name}`));
    const { graph: folded, report } = foldGraph(graph);
    const { regions, uncovered } = regionsOf(graph, folded, report.folds);
    expect(uncovered, name).toEqual([]);
    const covered = regions.flatMap(({ folds }) => folds);
    expect(covered.length, `${name}: each in one region`).toBe(new Set(covered).size);
  }
});
