import { EdgefoldError } from '../../errors.ts';

/**
 * The generation whose rules apply. keras-core (0.1) is Keras 3; a file that does not say is Keras 2, which began to
 * write its version before it was released.
 *
 * @throws {EdgefoldError} UNSUPPORTED for Keras 1 and before, whose weights are laid out otherwise.
 */
export function checkedVersion(version: string, where: string): 2 | 3 {
  if (version.startsWith('0.1.')) return 3;
  const major = /^(\d+)\./.exec(version)?.[1];
  if (major === '0' || major === '1') {
    throw new EdgefoldError('UNSUPPORTED', 'models of Keras 1 are not read', {
      where,
      expected: 'Keras 2 or later',
      received: `Keras ${version}`,
      hint: 'Load the model with Keras 2.0 to 2.3 and save it again.',
    });
  }
  return major !== undefined && Number(major) >= 3 ? 3 : 2;
}
