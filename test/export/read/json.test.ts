import { expect, test } from 'vitest';
import { marked, member, parseJson, parseTopology } from '../../../src/export/read/json.ts';

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

test('marks whole floats among the arguments of a call, and nothing else', () => {
  const call = '{"args": ["1.0", 3.0, -2e0, 3, 0.5, [1.0], {"value": [[1.0]]}, -Infinity], "kwargs": {"y": 1.0}}';
  const text = `{"rate": 1.0, "inbound_nodes": [${call}], "name": "inbound_nodes", "config": {"epsilon": 1.0}}`;
  const { inbound_nodes, ...rest } = parseTopology(text, 'x') as {
    inbound_nodes: { args: never[]; kwargs: { y: never } }[];
  };
  const [{ args, kwargs }] = inbound_nodes as [{ args: never[]; kwargs: { y: never } }];
  expect(args.map(marked)).toEqual([undefined, 3, -2, undefined, undefined, undefined, undefined, undefined]);
  expect(args.slice(3)).toEqual([3, 0.5, ['\u00001.0'], { value: [[1]] }, -Infinity]);
  expect(marked(kwargs.y)).toBe(1);
  expect(rest).toEqual({ rate: 1, name: 'inbound_nodes', config: { epsilon: 1 } });
  expect(JSON.stringify(parseJson(text, 'x'))).not.toContain('u0000');
});

test('is not held up by a file that is all marks', () => {
  const text = `{"inbound_nodes": [{"args": [${'1.0, '.repeat(200_000)}1.0]}]}`;
  const start = process.cpuUsage().user;
  parseTopology(text, 'x');
  expect(process.cpuUsage().user - start).toBeLessThan(2e6);
});
