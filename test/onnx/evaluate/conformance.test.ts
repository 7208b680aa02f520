import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readOnnx } from '../../../src/onnx/read.ts';
import { readShared, sharedPath, testShared } from '../../support/shared.ts';
import { untar } from '../support.ts';
import { casesOf, obstacleTo, outcomeOf, type ConformanceCase } from './conformance.ts';

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

const cases = existsSync(sharedPath(ARCHIVE)) ? casesOf(untar(readShared(ARCHIVE))) : [];
const held = cases.filter(({ name }) => !Object.hasOwn(EXCEPTIONS, name));

/** `node/test_conv_with_strides` is of the family `conv`. */
const familyOf = ({ name }: ConformanceCase): string => /test_([^_]+)/.exec(name)?.[1] ?? name;
const families = new Map<string, ConformanceCase[]>();
for (const each of held) families.set(familyOf(each), [...(families.get(familyOf(each)) ?? []), each]);

test.each([...families])(
  'the tests of the ONNX suite give what the reference gives: %s',
  async (_, family) => {
    const wrong: string[] = [];
    for (const each of family) {
      const outcome = await outcomeOf(each);
      const isWrong = 'worst' in outcome && !(outcome.worst <= (FOUR_DECIMALS.includes(each.name) ? COARSE : 1));
      if (isWrong) wrong.push(`${each.name}: ${outcome.detail}`);
    }
    expect(wrong).toEqual([]);
  },
  60_000,
);

testShared(ARCHIVE, 'the tests of the ONNX suite that are left out are those whose operators have no kernel', () => {
  const left = new Map<string, number>();
  for (const { model } of held) {
    const obstacle = obstacleTo(readOnnx(model));
    if (obstacle !== undefined) left.set(obstacle, (left.get(obstacle) ?? 0) + 1);
  }
  expect(Object.fromEntries(left)).toEqual(LEFT_OUT);
  expect(cases).toHaveLength(1907);
});

testShared(ARCHIVE, 'the tests that are not held do fail, each of them', async () => {
  const exceptions = cases.filter(({ name }) => Object.hasOwn(EXCEPTIONS, name));
  expect(exceptions).toHaveLength(Object.keys(EXCEPTIONS).length);
  for (const each of exceptions) {
    const isHeld = await outcomeOf(each).then(
      (outcome) => 'worst' in outcome && outcome.worst <= 1,
      () => false,
    );
    expect(isHeld, each.name).toBe(false);
  }
});
