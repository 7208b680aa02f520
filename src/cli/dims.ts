import { EdgefoldError } from '../errors.ts';
import type { SampleOptions } from '../parity/sample-options.ts';
import type { Dim } from '../tensor.ts';

/** @throws {EdgefoldError} USAGE if `--dim` names a dimension that no input has. */
export function checkDims(
  { symbols = {} }: SampleOptions,
  inputs: readonly { readonly shape?: readonly Dim[] | undefined }[],
): void {
  const known = new Set(
    inputs.flatMap(({ shape }) => shape?.filter((dim) => typeof dim === 'string' && dim !== '') ?? []),
  );
  const odd = Object.keys(symbols).find((name) => !known.has(name));
  if (odd === undefined) return;
  throw new EdgefoldError('USAGE', 'no input has a dimension of this name', {
    where: '--dim',
    received: odd,
    expected: known.size === 0 ? 'nothing: every dimension has a size' : `one of ${[...known].join(', ')}`,
  });
}
