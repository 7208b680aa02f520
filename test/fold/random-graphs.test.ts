import { beforeAll, describe, expect, test } from 'vitest';
import { RULES } from '../../src/fold/rules/index.ts';
import { describeFinds } from './random-graphs/describe.ts';
import { hunt, type Hunt } from './random-graphs/hunt.ts';

/** `npx tsx scripts/fuzz-fold.ts` grows other graphs, and more of them. */
const [SEED, GRAPHS] = [20, 10_000];

/** Operators of integers and of no standard yet, those that go before anything folds, and a few that come up seldom. */
const SELDOM_DRAWN = new Set([
  'ConvInteger', 'DequantizeLinear', 'DynamicQuantizeLinear', 'MatMulInteger', 'QLinearConv', 'QLinearMatMul',
  'QuantizeLinear', 'RMSNormalization', 'SimplifiedLayerNormalization', 'Identity', 'Dropout', 'Shape', 'Size',
  'Cast', 'Clip', 'LogSoftmax', 'Softmax', 'Tile', 'Where', 'Div', 'LSTM', 'GRU',
]); // prettier-ignore

describe('ten thousand random graphs', () => {
  let found: Hunt;
  beforeAll(async () => {
    found = await hunt(SEED, GRAPHS);
  }, 600_000);

  test('keep every law of folding, and compute what they did', async () => {
    expect(await describeFinds(found.finds)).toBe('');
    expect(found.graphs).toBe(GRAPHS);
  }, 120_000);

  test('are for the most part of integers and powers of two, where no difference at all is let pass', () => {
    expect(found.exact).toBeGreaterThan(0.7 * GRAPHS);
  });

  test('are among them thousands that must fold, or must not', () => {
    expect(found.gone).toBeGreaterThan(0.1 * GRAPHS);
    expect(found.kept).toBeGreaterThan(0.04 * GRAPHS);
  });

  test.each([...RULES.keys()].filter((opType) => !SELDOM_DRAWN.has(opType)))(
    'send an affine into or past %s',
    (opType) => {
      const ways = ['back', 'forward'].map((direction) => found.passed.get(`${opType} ${direction}`) ?? 0);
      expect(Math.max(...ways)).toBeGreaterThan(0);
    },
  );
});
