import type { InputOptions } from '../export/model-inputs.ts';
import { badValue, type Arguments, type OptionSpecs } from './arguments.ts';

/** Options of the verb that makes a model anew: how it takes its images. */
export const INPUT_OPTIONS = {
  'input-layout': { value: 'nchw', help: 'take images channels first, without a Transpose (default: as the source)' },
  'input-dtype': { value: 'uint8', help: 'take images as bytes, cast inside (default: as the source)' },
} as const satisfies OptionSpecs;

/** @throws {EdgefoldError} USAGE for any other value. */
export function inputOptions(args: Arguments): InputOptions {
  const [layout, dtype] = [args.text('input-layout'), args.text('input-dtype')];
  if (layout !== undefined && layout !== 'nchw') throw badValue('input-layout', 'nchw', layout);
  if (dtype !== undefined && dtype !== 'uint8') throw badValue('input-dtype', 'uint8', dtype);
  return { inputLayout: layout, inputDtype: dtype };
}
