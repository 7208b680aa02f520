import { expect, test } from 'vitest';
import { Graph } from '../../src/onnx/graph.ts';
import { stampProvenance } from '../../src/onnx/provenance.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { writeOnnx } from '../../src/onnx/write.ts';

function model(): Graph {
  const graph = new Graph('model');
  const x = graph.input('x', { dtype: 'float32', shape: [2] });
  graph.outputs.push(graph.node('Relu', { inputs: [x], output: { name: 'y', dtype: 'float32', shape: [2] } }));
  graph.model.metadata.set('author', 'somebody');
  return graph;
}

const sources = [
  { name: 'model.json', sha256: 'aa' },
  { name: 'weights.bin', sha256: 'bb' },
];

test('is in the file, beside what others have written there', () => {
  const graph = model();
  stampProvenance(graph, { tool: 'edgefold 1.2.3', sources, certificates: 'cc' });
  const { metadata } = readOnnx(writeOnnx(graph)).model;
  expect(Object.fromEntries(metadata)).toMatchObject({
    author: 'somebody',
    'edgefold.tool': 'edgefold 1.2.3',
    'edgefold.sources': 'aa  model.json\nbb  weights.bin',
    'edgefold.certificates': 'cc',
  });
});

test('takes the place of an earlier one, and of its certificates where there are none now', () => {
  const once = model();
  stampProvenance(once, { tool: 'edgefold 1', sources, certificates: 'cc' });
  const again = readOnnx(writeOnnx(once));
  stampProvenance(again, { tool: 'edgefold 2', sources: sources.slice(0, 1) });
  const { metadata } = readOnnx(writeOnnx(again)).model;
  expect(metadata.get('edgefold.tool')).toBe('edgefold 2');
  expect(metadata.get('edgefold.sources')).toBe('aa  model.json');
  expect(metadata.has('edgefold.certificates')).toBe(false);
});
