import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import type { Command } from '../../src/cli/command.ts';

const command: Command = {
  verb: 'try',
  about: '',
  operands: ['A', 'B'],
  options: {
    output: { short: 'o', value: 'FILE', help: '' },
    offset: { value: 'O', help: '' },
    input: { value: 'FILE', multiple: true, help: '' },
    force: { help: '' },
  },
  examples: [],
  run: () => Promise.reject(new Error('not run here')),
};
const parse = (...argv: string[]) => parseArguments(command, argv);

describe('parseArguments', () => {
  test('takes options anywhere, in every spelling', () => {
    for (const argv of [
      ['-o', 'x', 'a', 'b'],
      ['a', '--output', 'x', 'b'],
      ['a', 'b', '--output=x'],
      ['a', 'b', '-ox'],
    ]) {
      const args = parse(...argv);
      expect([args.operands, args.text('output'), args.flag('force')]).toEqual([['a', 'b'], 'x', false]);
    }
  });

  test('takes an option several times where that makes sense', () => {
    expect(parse('a', 'b', '--input', 'x', '--input', 'y').texts('input')).toEqual(['x', 'y']);
    expect(() => parse('a', 'b', '-o', 'x', '-o', 'y')).toThrow(/--output: given twice/);
  });

  test('reads numbers, fractions and negative ones', () => {
    expect(parse('a', 'b', '--offset', '-1').number('offset')).toBe(-1);
    expect(parse('a', 'b', '--offset', '1/127.5').number('offset')).toBe(1 / 127.5);
    expect(parse('a', 'b', '--offset', '-.5').number('offset')).toBe(-0.5);
    expect(parse('a', 'b').number('offset')).toBeUndefined();
    for (const bad of ['x', '1/0', '1/', '/2', '1/2/3', 'Infinity']) {
      expect(() => parse('a', 'b', '--offset', bad).number('offset'), bad).toThrow(
        /--offset: this value makes no sense/,
      );
    }
  });

  test('keeps whole numbers within their bounds', () => {
    const offset = (value: string) => parse('a', 'b', '--offset', value).integer('offset', [1, 10]);
    expect(offset('10')).toBe(10);
    for (const bad of ['0', '11', '1.5', '1e1', '0x2']) expect(() => offset(bad)).toThrow(/whole number from 1 to 10/);
  });

  test('refuses a value that is missing, or given to a switch', () => {
    expect(() => parse('a', 'b', '--output')).toThrow(/its value is missing; expected --output FILE/);
    expect(() => parse('a', 'b', '--output', '--force')).toThrow(/its value is missing/);
    expect(() => parse('a', 'b', '--output=')).toThrow(/its value is missing/);
    expect(() => parse('a', 'b', '--force=yes')).toThrow(/--force: .*it is a switch/);
  });

  test('refuses options that do not exist, whatever their names', () => {
    for (const name of ['--nope', '-z', '--__proto__', '--constructor', '--toString']) {
      expect(() => parse('a', 'b', name), name).toThrow(/no such option/);
    }
  });

  test('refuses too few and too many arguments with what is expected', () => {
    expect(() => parse('a')).toThrow(/try: too little is given; expected A B, found "a"/);
    expect(() => parse('a', 'b', 'c')).toThrow(/too much is given/);
    expect(() => parse('a', '')).toThrow(/expected A B/);
    expect(parse('--', '-a', '--b').operands).toEqual(['-a', '--b']);
  });

  test('asks for nothing more when help is wanted', () => {
    expect(parse('--help').flag('help')).toBe(true);
  });
});
