import { describe, expect, test } from 'vitest';
import { EdgefoldError } from '../../src/errors.ts';
import { foldGraph, type FoldOptions } from '../../src/fold/fold-graph.ts';
import { Graph, Node, Value } from '../../src/onnx/graph.ts';
import { overridableInitializers } from '../../src/onnx/shapes/initializers.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { float32 } from '../../src/tensor.ts';
import { checkFold, nodeLines } from './check-fold.ts';
import { Fixture } from './fixture.ts';
import { runGraph } from './run-graph.ts';

/** Conv and BatchNormalization; the first `count` initializers (W, gamma, beta, mean, var) are inputs too. */
function listed(count: number, irVersion = 8): Graph {
  const f = new Fixture();
  const y = f.node('Conv', [f.input([2, 3, 5, 4]), f.integers([7, 3, 1, 2])]);
  const graph = f.done(f.batchNormalization(y, 7));
  graph.model.irVersion = irVersion;
  graph.inputs.push(...graph.initializers.slice(0, count));
  return graph;
}

const inputsOf = (graph: Graph) => graph.inputs.map(({ name }) => name);

async function foldedRun(graph: Graph, options: FoldOptions) {
  const { graph: folded } = foldGraph(graph, options);
  const [got, wanted] = await Promise.all([folded, graph].map((each) => runGraph(each, 'disabled', {})));
  expect(got).toEqual(wanted);
  return folded;
}

describe('keepOverridable', () => {
  test('leaves alone what all of a file lists', async () => {
    const graph = listed(5);
    const report = await checkFold(graph, undefined, { keepOverridable: true });
    expect(report.changed).toBe(false);
    expect(inputsOf(foldGraph(graph, { keepOverridable: true }).graph)).toEqual(inputsOf(graph));
    expect(report.batchNormalizations.kept[0]!.reason).toContain('bn (BatchNormalization)');
  });

  test('holds for a file of IR 3, which had to list them', async () => {
    const report = await checkFold(listed(5, 3), undefined, { keepOverridable: true });
    expect(report.batchNormalizations.kept).toHaveLength(1);
  });

  test('lets fold what is not listed, and drops no input', async () => {
    const f = new Fixture();
    const weights = float32([7, 3, 1, 1], new Array<number>(21).fill(1));
    const W = f.node('Identity', [f.graph.constant('W', weights)]);
    const y = f.batchNormalization(f.node('Conv', [f.input([2, 3, 5, 4]), W]), 7);
    const graph = f.done(f.node('Add', [y, f.graph.constant('free', float32([1], [2]))]));
    graph.inputs.push(graph.initializers.at(-1)!);
    const report = await checkFold(graph, ['bn = Conv(x, W_1, W_bias)', 'add = Add(bn, free)'], { keepOverridable: true }); // prettier-ignore
    expect(report.batchNormalizations.folded).toBe(1);
    expect(inputsOf(foldGraph(graph, { keepOverridable: true }).graph)).toEqual(['x', 'free']);
  });
});

test('what may be overridden still may, when all that was not listed has gone', async () => {
  const f = new Fixture();
  const x = f.input([2, 3]);
  const y = f.node('MatMul', [f.node('Mul', [x, f.graph.constant('c', float32([1], [1]))]), f.integers([3, 5])]);
  const graph = f.done(f.node('Neg', [y]));
  graph.inputs.push(graph.initializers.find(({ name }) => name === 'W')!);
  const folded = readOnnx(writeOnnx(await foldedRun(graph, {})));
  expect([folded.initializers.map(({ name }) => name), inputsOf(folded)]).toEqual([['W'], ['x', 'W']]);
  expect([...overridableInitializers(folded)].map(({ name }) => name)).toEqual(['W']);
  expect(foldGraph(folded).report.changed).toBe(false);
});

describe('freeze', () => {
  test('makes constants of the named initializers alone, which are inputs no longer', async () => {
    const graph = listed(2);
    const folded = await foldedRun(graph, { freeze: ['W', 'bn_gamma'] });
    expect(nodeLines(folded)).toEqual(['bn = Conv(x, W_1, W_bias)']);
    expect(inputsOf(folded)).toEqual(['x']);
    expect(foldGraph(folded).report.changed).toBe(false);
  });

  test('leaves the others overridable', async () => {
    const graph = listed(2);
    const folded = await foldedRun(graph, { freeze: ['bn_gamma'] });
    expect(inputsOf(folded)).toEqual(['x', 'W']);
    expect(foldGraph(graph, { freeze: ['bn_gamma'] }).report).toMatchObject({
      changed: true,
      warnings: ['1 initializers were listed as inputs too, and are plain constants now'],
    });
  });

  test('excepts names from keepOverridable', async () => {
    const names = ['W', 'bn_gamma', 'bn_beta', 'bn_mean', 'bn_var'];
    const folded = await foldedRun(listed(5), { keepOverridable: true, freeze: names });
    expect(nodeLines(folded)).toEqual(['bn = Conv(x, W_1, W_bias)']);
  });

  test('of a name that is not listed says which names there are', () => {
    const freeze = (name: string, count: number) => () => foldGraph(listed(count), { freeze: [name] });
    expect(freeze('bn_gama', 3)).toThrow(EdgefoldError);
    expect(freeze('bn_gama', 3)).toThrow('only an initializer that is an input too can be frozen; expected one of bn_gamma, bn_beta, W, found bn_gama'); // prettier-ignore
    expect(freeze('bn_var', 3)).toThrow('found bn_var');
    expect(freeze('W', 0)).toThrow('this model lists no initializer as an input');
  });
});

test('an initializer that is an input of a body too is not taken for a constant', () => {
  const f = new Fixture();
  const x = f.input([3]);
  const body = new Graph('body', f.graph.model, f.graph);
  body.input('n', { dtype: 'int64', shape: [] });
  const go = body.input('go', { dtype: 'bool', shape: [] });
  const state = body.input('state', { dtype: 'float32', shape: [3] });
  state.constant = f.integers([3], 'unused').constant;
  body.initializers.push(state);
  const scaled = body.node('Mul', { inputs: [x, state], output: { name: 'scaled', dtype: 'float32', shape: [3] } });
  const again = body.node('Mul', { inputs: [scaled, state], output: { name: 'again', dtype: 'float32', shape: [3] } });
  const more = body.node('Identity', { inputs: [go], output: { name: 'more', dtype: 'bool', shape: [] } });
  body.outputs.push(more, again);
  const count = f.graph.constant('count', { dtype: 'int64', shape: [], data: BigInt64Array.of(2n) });
  const result = new Value('y', { dtype: 'float32', shape: [3] });
  f.graph.nodes.push(
    new Node('Loop', {
      inputs: [count, undefined, x],
      outputs: [result],
      attributes: { body: { kind: 'graph', value: body } },
    }),
  );
  const graph = readOnnx(writeOnnx(f.done(result)));
  const { report } = foldGraph(graph);
  expect(report.folds).toEqual([]);
});
