import { describe, expect, test } from 'vitest';
import { toJson } from '../../src/cli/json.ts';
import { editDistance, closest } from '../../src/cli/suggest.ts';
import { columns, displayWidth, table, wrap } from '../../src/cli/table.ts';
import { safe, safeLines, styles } from '../../src/cli/terminal.ts';

describe('text from a model file', () => {
  test('cannot steer a terminal', () => {
    expect(safe('\x1b[2Jx\u009b1m\r\n\u0007')).toBe('\\x1b[2Jx\\x9b1m\\x0d\\x0a\\x07');
    expect(safe('a\u202eb\u2066c\u2028d')).toBe('a\\u{202e}b\\u{2066}c\\u{2028}d');
    expect(safe('\ud800')).toBe('\\u{d800}');
    expect(safe('größe 大小 😀')).toBe('größe 大小 😀');
    expect(safeLines('a\n\x1bb')).toBe('a\n\\x1bb');
  });

  test('cannot flood it', () => {
    expect(safe('x'.repeat(10_000))).toBe(`${'x'.repeat(300)}… (10000 characters)`);
  });

  test('is escaped in JSON too, C1 and direction marks included', () => {
    const text = toJson({ name: '\x1b\u009b\u202e\u2028' });
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    expect(JSON.parse(text)).toEqual({ name: '\x1b\u009b\u202e\u2028' });
  });
});

describe('colours', () => {
  test('appear on a terminal only, and never with NO_COLOR', () => {
    expect(styles({ isTTY: true }, {}).bold('x')).toBe('\x1b[1mx\x1b[0m');
    expect(styles({ isTTY: true }, { NO_COLOR: '1' }).bold('x')).toBe('x');
    expect(styles({}, {}).bold('x')).toBe('x');
  });
});

describe('a table', () => {
  test('has its columns aligned, numbers flush right, no trailing spaces', () => {
    expect(
      table(
        ['name', 'count'],
        [
          ['a', '7'],
          ['longer', '1,234'],
        ],
        { right: [1] },
      ),
    ).toBe(['name    count', '─────────────', 'a           7', 'longer  1,234'].join('\n'));
  });

  test('counts wide characters as two cells and marks as none', () => {
    expect(['abc', '大小', 'e\u0301', '😀'].map(displayWidth)).toEqual([3, 4, 1, 2]);
    expect(
      columns([
        ['大', 'x'],
        ['ab', 'y'],
      ]),
    ).toBe('大  x\nab  y');
  });

  test('breaks its last column between words and keeps it in place', () => {
    const text = columns([['a', 'word '.repeat(30).trim()]], { indent: 2, wrapLast: true });
    const lines = text.split('\n');
    expect(lines.length).toBe(2);
    expect(lines[1]).toMatch(/^ {5}word/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(wrap('x'.repeat(200))).toBe('x'.repeat(200));
  });
});

describe('suggestions', () => {
  test('count insertions, deletions, substitutions and swaps', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('fodl', 'fold')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
  });

  test('are made only for what is close', () => {
    expect(closest('exprot', ['export', 'fold'])).toBe('export');
    expect(closest('train', ['export', 'fold', 'run'])).toBeUndefined();
  });
});

describe('toJson', () => {
  test('gives what JSON.parse reads back, with lists of numbers on one line', () => {
    const value = { a: [1, 2.5, -0, 1e-7], b: { c: [], d: {}, e: [{ f: null }] }, g: true, 'h"': 'x' };
    const text = toJson(value);
    expect(JSON.parse(text)).toEqual(value);
    expect(text).toContain('"a": [1, 2.5, -0, 1e-7]');
  });

  test('names the numbers that JSON has no form for', () => {
    expect(JSON.parse(toJson({ x: Float32Array.of(NaN, Infinity, -Infinity) }))).toEqual({
      x: ['NaN', 'Infinity', '-Infinity'],
    });
    expect(JSON.parse(toJson(BigInt64Array.of(5n, 2n ** 60n)))).toEqual([5, '1152921504606846976']);
    expect(toJson({ a: undefined, b: 1 })).toBe('{\n  "b": 1\n}');
  });
});
