import { describe, expect, test } from 'vitest';
import { int, ints, string } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

/** Every BatchNormalization is gone, or the first one that is left says this. */
async function check(f: Fixture, output: Value, reason?: string): Promise<void> {
  const { batchNormalizations } = await checkFold(f.done(output), undefined);
  if (reason === undefined) expect(batchNormalizations.kept).toEqual([]);
  else expect(batchNormalizations.kept[0]!.reason).toContain(reason);
}

const conv = (f: Fixture, x: Value, C: number, M: number) => f.node('Conv', [x, f.integers([M, C, 1, 1])]);
const blocksize = { blocksize: int(2) };
const APART = 'puts channels into one that the affine treats differently';

/** The affines of twelve channels that treat alike those four that end up in one. */
const ALIKE = {
  DCR: { gamma: [1, 2, 4], beta: [1, -1, 2], mean: [0, 2, 1] },
  CRD: { gamma: [1, 2, 4], beta: [1, -1, 2], mean: [0, 2, 1] },
};
const repeated = (mode: 'DCR' | 'CRD', values: readonly number[]) =>
  mode === 'DCR' ? [values, values, values, values].flat() : values.flatMap((value) => [value, value, value, value]);

describe.each(['DCR', 'CRD'] as const)('DepthToSpace, %s,', (mode) => {
  const attributes = { ...blocksize, mode: string(mode) };

  test('repeats an affine behind it', async () => {
    const f = new Fixture();
    const y = f.node('DepthToSpace', [conv(f, f.input([2, 2, 5, 3]), 2, 12)], attributes);
    await check(f, f.batchNormalization(y, 3));
  });

  test('lets an affine in front of it pass that treats alike what ends up in one channel', async () => {
    const f = new Fixture();
    const { gamma, beta, mean } = ALIKE[mode];
    const parts = { gamma: repeated(mode, gamma), beta: repeated(mode, beta), mean: repeated(mode, mean) };
    const y = f.node('DepthToSpace', [f.batchNormalization(f.input([2, 12, 5, 3]), 12, parts)], attributes);
    await check(f, conv(f, y, 3, 7));
  });

  test('refuses an affine in front of it that tells them apart', async () => {
    const f = new Fixture();
    const other = mode === 'DCR' ? 'CRD' : 'DCR';
    const { gamma, beta, mean } = ALIKE[mode];
    const parts = { gamma: repeated(other, gamma), beta: repeated(other, beta), mean: repeated(other, mean) };
    const y = f.node('DepthToSpace', [f.batchNormalization(f.input([2, 12, 5, 3]), 12, parts)], attributes);
    await check(f, conv(f, y, 3, 7), APART);
  });
});

describe('DepthToSpace', () => {
  test('refuses an affine of the pixels, even if all sizes are equal', async () => {
    const f = new Fixture();
    const x = f.node('Transpose', [f.batchNormalization(f.input([4, 4, 4, 4]), 4)], { perm: ints([0, 2, 1, 3]) });
    await check(f, conv(f, f.node('DepthToSpace', [x], blocksize), 1, 7), 'moves the pixels along axis 2');
  });
});

describe('SpaceToDepth', () => {
  test('repeats an affine in front of it', async () => {
    const f = new Fixture();
    const y = f.node('SpaceToDepth', [f.batchNormalization(f.input([2, 3, 10, 6]), 3)], blocksize);
    await check(f, conv(f, y, 12, 7));
  });

  test('lets an affine behind it pass that treats alike what came from one channel', async () => {
    const f = new Fixture();
    const { gamma, beta, mean } = ALIKE.DCR;
    const parts = { gamma: repeated('DCR', gamma), beta: repeated('DCR', beta), mean: repeated('DCR', mean) };
    const y = f.node('SpaceToDepth', [conv(f, f.input([2, 2, 10, 6]), 2, 3)], blocksize);
    await check(f, f.batchNormalization(y, 12, parts));
  });

  test('refuses an affine behind it that tells them apart', async () => {
    const f = new Fixture();
    const y = f.node('SpaceToDepth', [conv(f, f.input([2, 2, 10, 6]), 2, 3)], blocksize);
    await check(f, f.batchNormalization(y, 12), APART);
  });

  test('of a size that no image has is refused', async () => {
    const f = new Fixture();
    const y = f.node('SpaceToDepth', [f.batchNormalization(f.input([1, 2 ** 12, 4, 4], 'x'), 2 ** 12)], { blocksize: int(2 ** 12) }); // prettier-ignore
    const { batchNormalizations } = await checkFold(f.done(y), undefined, { runs: false });
    expect(batchNormalizations.kept[0]!.reason).toContain('makes too many channels');
  });
});
