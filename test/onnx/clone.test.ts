import { expect, test } from 'vitest';
import { checkGraph } from '../../src/onnx/check.ts';
import { cloneGraph } from '../../src/onnx/clone.ts';
import { printGraph } from '../../src/onnx/print.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { allGraphs } from '../../src/onnx/subgraphs.ts';
import { fixture } from './support.ts';

test('a copy can be taken apart without the original noticing', () => {
  const graph = readOnnx(fixture('plain.onnx'));
  const before = printGraph(graph);
  const copy = cloneGraph(graph);
  copy.model.metadata.clear();
  copy.model.opsets.set('', 1);
  for (const inner of allGraphs(copy)) inner.nodes[0]?.attributes.clear();
  for (const node of [...copy.nodes].reverse()) copy.removeNode(node);
  copy.initializers.length = 0;
  expect(printGraph(graph)).toBe(before);
  expect(graph.model.metadata.size).toBe(2);
  expect(graph.opset).toBe(17);
  checkGraph(graph);
});

test('a copy shares the weights and knows the names that are taken', () => {
  const graph = readOnnx(fixture('plain.onnx'));
  const copy = cloneGraph(graph);
  expect(copy.initializers[0]).not.toBe(graph.initializers[0]);
  expect(copy.initializers[0]!.constant).toBe(graph.initializers[0]!.constant);
  expect(copy.uniqueName('then_y')).toBe('then_y_1');
});
