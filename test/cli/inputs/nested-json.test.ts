import { describe, expect, test } from 'vitest';
import { readJsonTensors } from '../../../src/cli/inputs/nested-json.ts';

const read = (text: string) => readJsonTensors(new TextEncoder().encode(text), 'x.json');

describe('readJsonTensors', () => {
  test('takes the shape from the nesting', () => {
    expect(read('[[1, 2.5, -3e2], [true, 0, 1]]')).toEqual({
      single: { dtype: 'float64', shape: [2, 3], data: Float64Array.of(1, 2.5, -300, 1, 0, 1) },
    });
    expect(read('4')).toEqual({ single: { dtype: 'float64', shape: [], data: Float64Array.of(4) } });
    expect(read('[[], []]')).toEqual({ single: { dtype: 'float64', shape: [2, 0], data: new Float64Array(0) } });
  });

  test('takes one tensor for each name, whatever the names are', () => {
    const tensors = read('{"a": [1], "__proto__": [[2]], "constructor": [3]}');
    expect('named' in tensors && [...tensors.named].map(([name, { shape }]) => [name, shape])).toEqual([
      ['a', [1]],
      ['__proto__', [1, 1]],
      ['constructor', [1]],
    ]);
  });

  test('refuses ragged lists, other values and what is no JSON', () => {
    expect(() => read('[[1, 2], [3]]')).toThrow(/x\.json: .*a list of 2 at depth 2, found one of 1/);
    expect(() => read('[[1], 2]')).toThrow(/found a number/);
    expect(() => read('[1, [2]]')).toThrow(/a number, found a list/);
    expect(() => read('[1, "2"]')).toThrow(/found a string/);
    expect(() => read('{"a": [null]}')).toThrow(/x\.json: a: .*found null/);
    expect(() => read('null')).toThrow(/nested arrays of numbers, found null/);
    expect(() => read('[1, 2')).toThrow(/x\.json: it is no JSON/);
    expect(() => read('['.repeat(100) + ']'.repeat(100))).toThrow(/at most 16 dimensions/);
  });
});
