import { EdgefoldError } from '../errors.ts';

/** 4,194,304: a matrix of 2,048 by 2,048. */
const MAX_COMPUTED = 2 ** 22;

/**
 * How many numbers a constant has that is made of sizes in a configuration: no bytes of the file stand behind it, so a
 * small file must not ask for a large one.
 *
 * @throws {EdgefoldError} LIMIT beyond 2²².
 */
export function computed(count: number): number {
  if (count <= MAX_COMPUTED) return count;
  throw new EdgefoldError('LIMIT', 'a constant that the file does not hold is too large', {
    expected: `at most ${MAX_COMPUTED} elements`,
    received: `${count} elements`,
  });
}
