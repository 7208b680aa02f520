import { EdgefoldError } from '../errors.ts';
import { openSource, type OpenedSource, type SourceOptions } from '../files/source.ts';
import { readStdin, STDIN } from './stdin.ts';

/**
 * What a command line names: a model file, the folder of a model, or `-` for standard input (formats of one
 * file only).
 * @throws {EdgefoldError} FILE, USAGE.
 */
export async function openGiven(given: string, options: SourceOptions = {}): Promise<OpenedSource> {
  return given === STDIN ? fromStdin() : openSource(given, options);
}

async function fromStdin(): Promise<OpenedSource> {
  const bytes = await readStdin();
  return {
    path: undefined,
    pathsRead: new Set(),
    name: 'standard input',
    noteRead: () => undefined,
    bytes,
    bytesRead: () => bytes.length,
    siblings: () => Promise.resolve([]),
    sibling: (name) =>
      Promise.reject(
        new EdgefoldError('FILE', 'standard input has no files beside it', {
          where: name,
          hint: 'Give the path of the model file instead of "-".',
        }),
      ),
  };
}
