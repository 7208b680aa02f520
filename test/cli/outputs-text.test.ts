import { describe, expect, test } from 'vitest';
import { outputsText } from '../../src/cli/outputs-text.ts';
import { bytesText, countText, numberText, plural, shapeText } from '../../src/cli/quantities.ts';

describe('outputs', () => {
  test('of one row of scores are listed best first', () => {
    const y = { dtype: 'float32', shape: [1, 4], data: [0.1, 0.65, 0.05, 0.2] } as const;
    expect(outputsText({ y }, 2)).toBe(
      ['y  float32 [1, 4]', '  class  score', '  ────────────', '      1   0.65', '      3    0.2'].join('\n'),
    );
  });

  test('of several rows have a line each, up to ten', () => {
    const y = { dtype: 'float32', shape: [12, 2], data: new Array<number>(24).fill(0.5) } as const;
    const lines = outputsText({ y }, 5).split('\n');
    expect(lines.slice(1, 4)).toEqual(['  row  best     then', '  ─────────────────────', '    0  0 (0.5)  1 (0.5)']);
    expect(lines.at(-1)).toBe('  … 2 more rows; --json prints all of them');
  });

  test('of any other shape show their range and first values', () => {
    const data = Float32Array.of(-2, NaN, 0, 1, 2, 3, 4, 5, 1e9);
    const text = outputsText({ y: { dtype: 'float32', shape: [3, 3, 1], data: [...data] } }, 5);
    expect(text).toContain('range   -2 … 1000000000, 1 NaN');
    expect(text).toContain('values  -2  NaN  0  1  2  3  4  5  …');
    expect(text).toContain('… 1 more value;');
  });

  test('of text are made fit for a terminal', () => {
    const text = outputsText({ 'a\x1b': { dtype: 'string', shape: [1], data: ['b\x1b[2J'] } }, 5);
    expect(text).toBe('a\\x1b  string [1]\n  values  b\\x1b[2J');
  });
});

describe('quantities', () => {
  test('are written as people read them', () => {
    expect([0, 999, 1000, 9_949, 1_234_567, 2e9, 999_700].map(bytesText)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '9.9 kB',
      '1.2 MB',
      '2.0 GB',
      '1.0 MB',
    ]);
    expect([7, 1000, 1_234_567].map(countText)).toEqual(['7', '1,000', '1,234,567']);
    expect([plural(1, 'node'), plural(0, 'node')]).toEqual(['1 node', '0 nodes']);
    expect([0, -3, 0.1234567, 1e-5, 3.82649e-5, 1.5e7, 1e20].map((value) => numberText(value))).toEqual([
      '0',
      '-3',
      '0.123457',
      '1e-5',
      '3.826e-5',
      '15000000',
      '1e+20',
    ]);
    expect(shapeText(['batch', '', 3])).toBe('[batch, ?, 3]');
    expect([shapeText([]), shapeText(null)]).toEqual(['[]', '?']);
  });
});
