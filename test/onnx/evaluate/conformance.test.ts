import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { readShared, testShared } from '../../support/shared.ts';
import { untar } from '../support.ts';
import { casesOf, outcomeOf } from './conformance.ts';

const ARCHIVE = 'conformance/onnx-backend-tests.tar.gz';

/** Tests that are not held, though their operators are known, with the reason of each. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'node/test_cast_e8m0_FLOAT16_to_FLOAT8E8M0': 'powers of two are storage for scales; nothing here makes them',
  'node/test_cast_e8m0_FLOAT_to_FLOAT8E8M0': 'powers of two are storage for scales; nothing here makes them',
  'node/test_dynamicquantizelinear': 'rests on the rounding of its scale to float32',
  'node/test_dynamicquantizelinear_expanded': 'rests on the rounding of its scale to float32',
  'node/test_scan_sum': 'opset 8, where Scan has a batch axis',
  'node/test_training_dropout': 'random',
  'node/test_training_dropout_default': 'random',
  'node/test_training_dropout_default_mask': 'random',
  'node/test_training_dropout_mask': 'random',
};

/** Tests whose data, inputs included, are written down with four decimals. */
const FOUR_DECIMALS = ['node/test_gridsample_bicubic', 'node/test_roialign_aligned_false', 'node/test_roialign_aligned_true']; // prettier-ignore
/** 1e-4 in units of the tolerance of float32. */
const COARSE = 100;

/** How many tests are left out, by the operators that have no kernel. */
const LEFT_OUT = JSON.parse(readFileSync(new URL('left-out.json', import.meta.url), 'utf8')) as Record<string, number>;

testShared(
  ARCHIVE,
  'every test of the ONNX suite whose operators are known gives what the reference implementation gives',
  async () => {
    const cases = casesOf(untar(readShared(ARCHIVE)));
    const [left, wrong] = [new Map<string, number>(), [] as string[]];
    let right = 0;
    for (const each of cases) {
      if (Object.hasOwn(EXCEPTIONS, each.name)) continue;
      const outcome = await outcomeOf(each);
      if ('left' in outcome) left.set(outcome.left, (left.get(outcome.left) ?? 0) + 1);
      else if (outcome.worst <= (FOUR_DECIMALS.includes(each.name) ? COARSE : 1)) right++;
      else wrong.push(`${each.name}: ${outcome.detail}`);
    }
    expect(wrong).toEqual([]);
    expect(Object.fromEntries(left)).toEqual(LEFT_OUT);
    expect(right).toBe(cases.length - Object.keys(EXCEPTIONS).length - sum(LEFT_OUT));
    expect(cases).toHaveLength(1907);
  },
  60_000,
);

testShared(ARCHIVE, 'the tests that are not held do fail, each of them', async () => {
  const cases = casesOf(untar(readShared(ARCHIVE))).filter(({ name }) => Object.hasOwn(EXCEPTIONS, name));
  expect(cases).toHaveLength(Object.keys(EXCEPTIONS).length);
  for (const each of cases) {
    const isHeld = await outcomeOf(each).then(
      (outcome) => 'worst' in outcome && outcome.worst <= 1,
      () => false,
    );
    expect(isHeld, each.name).toBe(false);
  }
});

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0);
