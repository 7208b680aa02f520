import { expect, test } from 'vitest';
import { canonicalJson } from '../../src/onnx/canonical-json.ts';

test('the example of RFC 8785 comes out as the RFC has it', () => {
  const value = {
    numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
    literals: [null, true, false],
  };
  expect(canonicalJson(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test('members are in order of their names by UTF-16 units, and those without a value are left out', () => {
  const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, ö: 7, none: undefined };
  expect(Object.values(JSON.parse(canonicalJson(value)) as object)).toHaveLength(7);
  expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"\ud83d\ude00":5,"\ufb33":3}');
});

test('−0 is 0, and what JSON has no number for is a string', () => {
  expect(canonicalJson([-0, NaN, Infinity, -Infinity, undefined])).toBe('[0,"NaN","Infinity","-Infinity",null]');
});
