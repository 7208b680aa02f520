import { expect, test } from 'vitest';
import { nodesByLayer } from '../../../src/cli/inspect/layer-nodes.ts';
import { Graph } from '../../../src/onnx/graph.ts';

/** A graph of nodes with these names. */
function graphOf(...names: readonly string[]): Graph {
  const graph = new Graph('g');
  for (const name of names) graph.node('Relu', { inputs: [], output: { name } });
  return graph;
}

function nodesOf(paths: readonly string[], ...names: readonly string[]): Record<string, string[]> {
  const nodes = nodesByLayer(graphOf(...names), new Set(paths));
  return Object.fromEntries([...nodes].map(([path, own]) => [path, own.map(({ name }) => name)]));
}

test('a layer has the nodes of its name and of its parts', () => {
  expect(nodesOf(['a', 'ab'], 'a', 'a/activation', 'ab', 'other')).toEqual({ a: ['a', 'a/activation'], ab: ['ab'] });
});

test('a layer in a model is nearer than the model', () => {
  expect(nodesOf(['m', 'm/a'], 'm/a', 'm/b')).toEqual({ 'm/a': ['m/a'], m: ['m/b'] });
});

test('later calls of a layer, and of the model around it, belong to it', () => {
  expect(nodesOf(['m', 'm/a', 'b'], 'b', 'b_1/activation', 'm_1/a')).toEqual({
    b: ['b', 'b_1/activation'],
    'm/a': ['m_1/a'],
  });
});

test('a layer whose own name ends in a number keeps its nodes', () => {
  expect(nodesOf(['dense', 'dense_1'], 'dense', 'dense_1')).toEqual({ dense: ['dense'], dense_1: ['dense_1'] });
});
