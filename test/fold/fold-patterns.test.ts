import { expect } from 'vitest';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { readShared, testShared } from '../support/shared.ts';
import { checkFold } from './check-fold.ts';

const FOLDER = 'conformance/fold-patterns';

interface Pattern {
  readonly file: string;
  readonly expect: 'fold' | 'keep';
  readonly loadsInOrt: boolean;
}

/** The file holds no weights at all: two BatchNormalizations become one. */
const MERGES = ['bn-bn-conv-bn-bn.onnx'];

/** The file divides by what a Conv makes, which may be close to 0. */
const ILL_CONDITIONED = ['const-conv-must-not-fold.onnx'];

const patterns = () => JSON.parse(readShared(`${FOLDER}/index.json`).toString()) as readonly Pattern[];
const read = (file: string) => readOnnx(readShared(`${FOLDER}/${file}`));

testShared(
  FOLDER,
  'every pattern is folded or kept as it should be, and computes what it did',
  async () => {
    for (const { file, expect: fate, loadsInOrt } of patterns()) {
      const tolerance = ILL_CONDITIONED.includes(file) ? 'network' : 'layer';
      const report = await checkFold(read(file), undefined, { tolerance, seeding: 'reals', runs: loadsInOrt });
      const { folded, kept } = report.batchNormalizations;
      if (MERGES.includes(file)) expect([folded, kept.length], file).toEqual([1, 1]);
      else expect(report.folds.length > 0 && kept.length === 0, file).toBe(fate === 'fold');
    }
  },
  120_000,
);

testShared(FOLDER, 'nothing is folded in a pattern that must be kept', () => {
  for (const { file } of patterns().filter((pattern) => pattern.expect === 'keep')) {
    expect(foldGraph(read(file)).report.folds, file).toEqual([]);
  }
});
