import { expect, test } from 'vitest';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { float32 } from '../../../src/tensor.ts';
import { Fixture } from '../fixture.ts';

/** Shapes may have sizes of 0, and so may constants, which then vary along an axis without saying how. */
const empty = (f: Fixture, ...shape: number[]) => f.graph.constant('c', float32(shape, []));
const norm = (f: Fixture, x: Value) =>
  f.node('BatchNormalization', [x, empty(f, 0), empty(f, 0), empty(f, 0), empty(f, 0)]);

test.each(['Add', 'Sub', 'Mul', 'Div'])('%s of a constant without elements stays', (opType) => {
  const f = new Fixture();
  const graph = f.done(f.node('Relu', [f.node(opType, [f.input([2, 0, 3]), empty(f, 0, 1)])]));
  expect(foldGraph(graph).report.changed).toBe(false);
});

test.each([
  ['an input', (f: Fixture) => f.input([2, 0, 3])],
  ['a Conv without outputs', (f: Fixture) => f.node('Conv', [f.input([2, 3, 3]), empty(f, 0, 3, 1)])],
])('a BatchNormalization of %s without channels stays, and says so', (_, x) => {
  const f = new Fixture();
  const { kept } = foldGraph(f.done(norm(f, x(f)))).report.batchNormalizations;
  expect(kept.map(({ reason }) => reason)).toEqual(['batchnormalization (BatchNormalization) has no channels']);
});
