import { expect } from 'vitest';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { readShared, testShared } from '../support/shared.ts';
import { checkFold } from './check-fold.ts';
import { runGraph } from './run-graph.ts';

const TIMEOUT_MS = 120_000;

interface Model {
  readonly file: string;
  readonly found: number;
  readonly folded: number;
  /** Adds that stay in their place. */
  readonly left?: number;
  readonly brief?: boolean;
}

/** Models that others have made: how many BatchNormalizations each has, and how many of them fold. */
const MODELS: readonly Model[] = [
  { file: 'version-RFB-320.onnx', found: 35, folded: 35 },
  { file: 'residual_block.onnx', found: 5, folded: 5 },
  { file: 'burn-mnist.onnx', found: 2, folded: 2 },
  { file: 'light_resnet50.onnx', found: 53, folded: 53, brief: true },
  // 62 of them stand in front of a Relu, behind a Concat that the next block reads too: their shifts stay as Adds.
  { file: 'light_densenet121.onnx', found: 121, folded: 121, left: 62, brief: true },
];

for (const { file, found, folded, left = 0, brief = false } of MODELS) {
  testShared(`corpus/onnx/${file}`, `${file} folds ${folded} of ${found} and computes what it did`, async () => {
    const graph = readOnnx(readShared(`corpus/onnx/${file}`));
    const { batchNormalizations, folds } = await checkFold(graph, undefined, { tolerance: 'network', seeding: 'reals', brief });
    expect(batchNormalizations).toMatchObject({ found, folded });
    expect(batchNormalizations.kept).toHaveLength(found - folded);
    expect(folds.filter(({ leaves }) => leaves === 'Add')).toHaveLength(left);
  }, TIMEOUT_MS); // prettier-ignore
}

testShared(
  'corpus/onnx/version-RFB-320_simplified.onnx',
  'RFB-320 as folded by another tool has nothing left to fold, and our fold has the same scores',
  async () => {
    const read = (file: string) => readOnnx(readShared(`corpus/onnx/${file}`));
    const theirs = read('version-RFB-320_simplified.onnx');
    expect(foldGraph(theirs).report.changed).toBe(false);
    const ours = foldGraph(read('version-RFB-320.onnx')).graph;
    const [got, wanted] = await Promise.all(
      [ours, theirs].map(
        async (graph) => (await runGraph(graph, 'disabled', { seeding: 'reals' })).get('scores')!.data,
      ),
    );
    expect(Math.max(...got!.map((score, index) => Math.abs(score - wanted![index]!)))).toBeLessThan(1e-5);
  },
);
