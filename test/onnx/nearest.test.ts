import { expect, test } from 'vitest';
import { nearest } from '../../src/onnx/nearest.ts';

test('names with the same beginning and end come first, whatever their case', () => {
  const names = ['classifier.weight', 'Conv1.weight', 'conv11.bias', 'x'];
  expect(nearest('conv1.weights', names, 2)).toEqual(['Conv1.weight', 'conv11.bias']);
});

test('of equal names the one that was there first comes first, and never more than asked for', () => {
  expect(nearest('ab', ['xy', 'ab', 'ab', 'zz'], 3)).toEqual(['ab', 'ab', 'xy']);
  expect(nearest('ab', [], 3)).toEqual([]);
});

test('a common beginning counts without a common end, and no character counts twice', () => {
  expect(nearest('weightA', ['xxxxxxA', 'weightB'], 1)).toEqual(['weightB']);
  expect(nearest('ab', ['abab', 'abx'], 1)).toEqual(['abx']);
});
