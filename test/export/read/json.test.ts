import { expect, test } from 'vitest';
import { member, parseJson } from '../../../src/export/read/json.ts';

test("reads Python's words for numbers", () => {
  expect(parseJson('{"a": Infinity, "b": [-Infinity, NaN], "c": 1}', 'x')).toEqual({
    a: Infinity,
    b: [-Infinity, null],
    c: 1,
  });
});

test('leaves those words alone inside texts', () => {
  const text = '{"NaN": "Infinity, \\"NaN\\" and \\\\", "b": NaN}';
  expect(parseJson(text, 'x')).toEqual({ NaN: 'Infinity, "NaN" and \\', b: null });
});

test('takes __proto__ and constructor as plain names', () => {
  const object = parseJson('{"__proto__": {"polluted": 1}, "constructor": 2}', 'x') as never;
  expect(member(object, 'polluted')).toBeUndefined();
  expect(member(object, 'constructor')).toBe(2);
  expect(member(object, 'toString')).toBeUndefined();
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test('refuses what is nested without end', () => {
  expect(() => parseJson('['.repeat(100_000), 'x')).toThrow(expect.objectContaining({ code: 'LIMIT' }));
  expect(() => parseJson('{"a":'.repeat(100_000), 'x')).toThrow(expect.objectContaining({ code: 'LIMIT' }));
});

test.each(['{"a": ', '{"a": "b', '{"a": Nope}', ''])('refuses %j', (text) => {
  expect(() => parseJson(text, 'x.json')).toThrow(expect.objectContaining({ code: 'CORRUPT', where: 'x.json' }));
});
