import { statSync } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { EdgefoldError } from '../errors.ts';

/** Where the result goes when `-o` is absent: beside the input, its name with another ending. */
export function besideInput(input: string | undefined, ending: string): string {
  if (input === undefined) {
    throw new EdgefoldError('USAGE', 'a model from standard input has no name to write under', {
      hint: 'Give the output with -o OUT.onnx.',
    });
  }
  const extension = extname(input);
  return join(dirname(input), basename(input, extension) + ending);
}

/**
 * Checks before the work that its result may be written: not over a file that was read (whatever name or link leads
 * there), not through a link, not over an existing file without `force`.
 *
 * @throws {EdgefoldError} FILE, USAGE.
 */
export async function checkOutput(output: string, inputs: Iterable<string>, force: boolean): Promise<void> {
  const folder = await stat(dirname(output)).catch(() => undefined);
  if (!folder?.isDirectory()) {
    throw new EdgefoldError('FILE', 'there is no such folder to write into', { where: dirname(output) });
  }
  const found = await lstat(output).catch(() => undefined);
  if (!found) return;
  refuseOverInput(output, inputs);
  if (found.isDirectory()) throw notAFile(output, 'a folder');
  if (found.isSymbolicLink()) throw notAFile(output, 'a symbolic link');
  if (!found.isFile()) throw notAFile(output, 'a device or pipe');
  if (force) return;
  throw new EdgefoldError('FILE', 'the output file exists already', {
    where: output,
    hint: 'Choose another name, or replace it with --force.',
  });
}

/**
 * By device and inode, so that names, symbolic links and hard links make no difference.
 *
 * @throws {EdgefoldError} USAGE if the output is one of the inputs.
 */
export function refuseOverInput(output: string, inputs: Iterable<string>): void {
  const target = identity(output);
  if (target === undefined) return;
  for (const input of inputs) if (identity(input) === target) throw overInput(output, input);
}

/** `undefined` for what cannot be followed: nothing there, or links that lead nowhere. */
function identity(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function overInput(output: string, input: string): EdgefoldError {
  return new EdgefoldError('USAGE', 'the output would replace the input, which is never touched', {
    where: output,
    ...(output !== input && { received: `the same file as ${input}` }),
    hint: 'Choose another name.',
  });
}

function notAFile(output: string, received: string): EdgefoldError {
  return new EdgefoldError('FILE', 'the output cannot be written', {
    where: output,
    expected: 'a new name or a regular file',
    received,
  });
}
