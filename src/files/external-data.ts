import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync, type BigIntStats } from 'node:fs';
import { dirname, join } from 'node:path';
import { EdgefoldError } from '../errors.ts';
import { checkLocation } from '../onnx/location.ts';
import type { ExternalData } from '../onnx/read.ts';
import { cutOff, failed, notRegular } from './faults.ts';
import { isInside } from './folder.ts';
import { MAX_TRANSFER, READ } from './read.ts';

/**
 * A reader of the weights that lie beside a model. It opens regular files in the model's folder only: no path and no
 * symbolic link may lead out of it, except into the folder in which the model file itself, followed through its own
 * links, lies (the Hugging Face cache is laid out like that); and no hard link, which could be any file of the disk.
 */
export function externalDataReader(modelPath: string): ExternalData {
  const folder = dirname(modelPath);
  const model = resolved(modelPath);
  const folders = [resolved(folder), dirname(model)];
  return (location, offset, length) => {
    checkLocation(location, modelPath);
    const path = join(folder, ...location.split('/'));
    if (resolved(path) === model) throw unsafe(path, 'it is the model itself');
    const file = openInside(path, folders);
    try {
      return readRange(file, path, offset, length);
    } finally {
      closeSync(file);
    }
  };
}

function openInside(path: string, folders: readonly string[]): number {
  const real = resolved(path);
  if (!folders.some((folder) => isInside(real, folder)))
    throw unsafe(path, 'it is a link that leads out of the folder');
  const file = opened(real);
  try {
    checkOpened(fstatSync(file, { bigint: true }), path, real);
    return file;
  } catch (fault) {
    closeSync(file);
    throw fault;
  }
}

/** The file that was opened must be the one that was looked at: a folder on the way may have been swapped since. */
function checkOpened(stats: BigIntStats, path: string, real: string): void {
  if (!stats.isFile()) throw notRegular(path);
  if (stats.nlink !== 1n) throw unsafe(path, 'it is a hard link, which may lead anywhere');
  const now = statSync(real, { bigint: true });
  const isSame = resolved(path) === real && now.ino === stats.ino && now.dev === stats.dev;
  if (!isSame) throw unsafe(path, 'it was replaced while it was opened');
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    return failed('cannot be read', path, cause);
  }
}

function opened(path: string): number {
  try {
    return openSync(path, READ | constants.O_NOFOLLOW);
  } catch (cause) {
    return failed('cannot be read', path, cause);
  }
}

function readRange(file: number, path: string, offset: number, length: number): Uint8Array {
  const { size } = fstatSync(file);
  if (length > size || offset > size - length) {
    throw new EdgefoldError('CORRUPT', 'the file of weights is too short', {
      where: path,
      expected: `${String(length)} bytes at ${String(offset)}`,
      received: `${String(size)} bytes in all`,
    });
  }
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const count = readSync(file, bytes, done, Math.min(length - done, MAX_TRANSFER), offset + done);
    if (count === 0) throw cutOff(path, length, done);
    done += count;
  }
  return bytes;
}

function unsafe(path: string, reason: string): EdgefoldError {
  return new EdgefoldError('UNSAFE', `the model asks for a file that may not be read: ${reason}`, {
    where: path,
    expected: 'a regular file in the folder of the model',
  });
}
