import { expect, test } from 'vitest';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { cloneGraph } from '../../src/onnx/clone.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { runs } from '../support/runs.ts';
import { readShared, testShared } from '../support/shared.ts';
import { Fixture } from './fixture.ts';
import { essence, randomOf, renamed, reordered } from './reordered.ts';

/** What folding makes of a graph, and of the same graph in other orders and under other names. */
function checkOrders(graph: Graph, count: number, what: string): void {
  const { graph: folded, report } = foldGraph(graph);
  const wanted = essence(folded);
  for (let seed = 0; seed < runs(count); seed++) {
    const random = randomOf(seed);
    const other = seed % 2 === 0 ? cloneGraph(graph) : renamed(graph, random);
    reordered(other, random);
    expect(essence(other), `${what} is the same graph in order ${seed}`).toBe(essence(graph));
    const again = foldGraph(other);
    expect(again.graph.nodes.length, `${what} in order ${seed}`).toBe(folded.nodes.length);
    expect(again.report.batchNormalizations.folded, `${what} in order ${seed}`).toBe(report.batchNormalizations.folded);
    expect(essence(again.graph), `${what} in order ${seed}`).toBe(wanted);
  }
}

testShared('conformance/fold-patterns', 'every pattern folds to the same bits in any order and under any names', () => {
  const patterns = JSON.parse(readShared('conformance/fold-patterns/index.json').toString()) as { file: string }[];
  for (const { file } of patterns) checkOrders(readOnnx(readShared(`conformance/fold-patterns/${file}`)), 8, file);
}); // prettier-ignore

for (const file of ['version-RFB-320.onnx', 'residual_block.onnx', 'burn-mnist.onnx']) {
  testShared(`corpus/onnx/${file}`, `${file} folds to the same bits in any order and under any names`, () => {
    checkOrders(readOnnx(readShared(`corpus/onnx/${file}`)), 4, file);
  });
}

test('a hundred runs make the same bytes', () => {
  const f = new Fixture();
  let x = f.input([2, 3, 5, 4]);
  for (let n = 0; n < 3; n++) x = f.node('Relu', [f.batchNormalization(f.node('Conv', [x, f.integers([3, 3, 1, 1])]), 3, {}, `bn${n}`)]); // prettier-ignore
  const graph = f.done(f.batchNormalization(x, 3, {}, 'last'));
  const first = Buffer.from(writeOnnx(foldGraph(graph).graph));
  for (let run = 0; run < runs(100); run++) expect(first.equals(writeOnnx(foldGraph(graph).graph))).toBe(true);
});
