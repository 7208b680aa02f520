import { parseArgs } from 'node:util';
import { EdgefoldError } from '../errors.ts';
import type { Command } from './command.ts';
import { closest } from './suggest.ts';

export interface OptionSpec {
  readonly help: string;
  readonly short?: string;
  /** What follows the option, as help shows it (`FILE`, `N`); absent for a flag. */
  readonly value?: string;
  /** May be given more than once. */
  readonly multiple?: boolean;
}
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** Options that every verb takes. */
export const COMMON_OPTIONS = {
  json: { help: 'print one JSON document on stdout and nothing else there' },
  debug: { help: 'show the stack of an error' },
  help: { short: 'h', help: 'show this text' },
  version: { help: 'print the version' },
} as const satisfies OptionSpecs;

/** A command line after its verb, checked against what the verb accepts. */
export class Arguments {
  readonly operands: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(operands: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.operands = operands;
    this.#values = values;
  }

  operand(index: number): string {
    return this.operands[index] ?? '';
  }

  flag(option: string): boolean {
    return this.#values.has(option);
  }

  text(option: string): string | undefined {
    return this.#values.get(option)?.at(-1);
  }

  texts(option: string): readonly string[] {
    return this.#values.get(option) ?? [];
  }

  /** @throws {EdgefoldError} USAGE unless it is a whole number within the bounds. */
  integer(option: string, [least, most]: readonly [number, number]): number | undefined {
    const text = this.text(option);
    if (text === undefined) return undefined;
    const value = /^-?\d+$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw badValue(option, `a whole number from ${least} to ${most}`, text);
  }

  /** A finite number, or a fraction of two as in `1/255`. @throws {EdgefoldError} USAGE. */
  number(option: string): number | undefined {
    const text = this.text(option);
    if (text === undefined) return undefined;
    const parts = text.split('/').map((part) => (part.trim() === '' ? NaN : Number(part)));
    const value = parts.length > 2 ? NaN : parts[0]! / (parts[1] ?? 1);
    if (Number.isFinite(value)) return value;
    throw badValue(option, 'a number, or a fraction such as 1/255', text);
  }
}

export function badValue(option: string, expected: string, received: string): EdgefoldError {
  return new EdgefoldError('USAGE', 'this value makes no sense', { where: `--${option}`, expected, received });
}

/** @throws {EdgefoldError} USAGE with the way out. */
export function parseArguments(command: Command, argv: readonly string[]): Arguments {
  const specs: OptionSpecs = { ...command.options, ...COMMON_OPTIONS };
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { value, short }]) => [
      name,
      { type: value ? ('string' as const) : ('boolean' as const), ...(short && { short }) },
    ]),
  );
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind === 'option') addOption(values, token, specs, command.verb);
  }
  if (!values.has('help') && !values.has('version')) checkOperands(command, operands);
  return new Arguments(operands, values);
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function addOption(values: Map<string, string[]>, token: OptionToken, specs: OptionSpecs, verb: string): void {
  const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined;
  if (!spec) throw unknownOption(token, specs, verb);
  const given = values.get(token.name) ?? [];
  if (spec.value) given.push(optionValue(token, spec.value));
  else if (token.inlineValue) throw badValue(token.name, 'no value: it is a switch', token.value ?? '');
  if (spec.value && !spec.multiple && given.length > 1) {
    throw new EdgefoldError('USAGE', 'given twice', { where: `--${token.name}`, expected: 'one value' });
  }
  values.set(token.name, given);
}

/** `--output --json` is a value forgotten, not a file called `--json`; `--offset -1` is a number. */
function optionValue({ name, rawName, value, inlineValue }: OptionToken, placeholder: string): string {
  const looksLikeOption = !inlineValue && value !== undefined && /^-[^\d.]/.test(value);
  if (value !== undefined && value !== '' && !looksLikeOption) return value;
  throw new EdgefoldError('USAGE', 'its value is missing', {
    where: rawName,
    expected: `${rawName} ${placeholder}`,
    hint: `A value that begins with a dash is written --${name}=VALUE.`,
  });
}

function unknownOption({ name, rawName }: OptionToken, specs: OptionSpecs, verb: string): EdgefoldError {
  const suggestion = name.length > 1 ? closest(name, Object.keys(specs)) : undefined;
  return new EdgefoldError('USAGE', `${verb} has no such option`, {
    where: rawName,
    hint: suggestion ? `Did you mean --${suggestion}?` : `"edgefold ${verb} --help" lists the options.`,
  });
}

function checkOperands({ verb, operands }: Command, given: readonly string[]): void {
  if (given.length === operands.length && given.every((operand) => operand !== '')) return;
  throw new EdgefoldError('USAGE', given.length < operands.length ? 'too little is given' : 'too much is given', {
    where: verb,
    expected: operands.join(' ') || 'no argument',
    received: given.length === 0 ? 'nothing' : given.map((operand) => JSON.stringify(operand)).join(' '),
    hint: `"edgefold ${verb} --help" shows an example.`,
  });
}
