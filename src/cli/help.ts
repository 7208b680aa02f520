import { COMMON_OPTIONS, type OptionSpecs } from './arguments.ts';
import type { Command } from './command.ts';
import { columns, wrap } from './table.ts';

/** Help of one verb. */
export function commandHelp(command: Command): string {
  const usage = ['edgefold', command.verb, ...command.operands, '[options]'].join(' ');
  return [
    `${usage}\n\n${wrap(command.about)}`,
    `Options:\n${optionTable({ ...command.options, ...COMMON_OPTIONS })}`,
    ...(command.notes ?? []).map((note) => wrap(note)),
    `${command.examples.length === 1 ? 'Example' : 'Examples'}:\n${exampleLines(command)}`,
  ].join('\n\n');
}

/** Help of the program: `verbs` maps each verb to its sentence. */
export function programHelp(verbs: ReadonlyMap<string, string>): string {
  return [
    'edgefold <verb> [options]',
    wrap(
      'Turns a trained Keras, TF.js or ONNX model into a folded ONNX model, proves that nothing changed, and runs it.',
    ),
    `Verbs:\n${columns([...verbs], { indent: 2 })}`,
    '"edgefold <verb> --help" shows the options and an example of a verb.',
    'Exit codes: 0 done, 1 bad input or use, 2 parity failed.',
    'Example:\n  edgefold export model.keras -o model.onnx',
  ].join('\n\n');
}

function optionTable(specs: OptionSpecs): string {
  const rows = Object.entries(specs).map(([name, { short, value, help }]) => [
    `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`,
    help,
  ]);
  return columns(rows, { indent: 2, wrapLast: true });
}

function exampleLines({ examples }: Command): string {
  return examples.map(([line, meaning]) => `  ${line}\n      ${meaning}`).join('\n');
}
