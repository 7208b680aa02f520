import type { SourceOptions } from '../files/source.ts';
import type { ReadOptions } from '../onnx/read.ts';
import type { Arguments, OptionSpecs } from './arguments.ts';

/** Bounds that an honest model can be beyond, if it is large enough. */
export type Limits = Pick<SourceOptions, 'maxBytes'> & Pick<ReadOptions, 'maxParts'>;

/** Options of the verbs that read models. */
export const LIMIT_OPTIONS = {
  'max-bytes': { value: 'N', help: 'read model files of up to N bytes (default 4294967296, which is 4 GiB)' },
  'max-parts': { value: 'N', help: 'read ONNX files of up to N nodes, tensors and other parts (default 1048576)' },
} as const satisfies OptionSpecs;

/** @throws {EdgefoldError} USAGE unless they are whole numbers. */
export function limitsOf(args: Arguments): Limits {
  const [maxBytes, maxParts] = [args.integer('max-bytes', ANY_COUNT), args.integer('max-parts', ANY_COUNT)];
  return { ...(maxBytes !== undefined && { maxBytes }), ...(maxParts !== undefined && { maxParts }) };
}

const ANY_COUNT = [1, Number.MAX_SAFE_INTEGER] as const;
