import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { EdgefoldError } from '../../errors.ts';
import { readFileBytes } from '../../files/read.ts';
import type { Tensor } from '../../tensor.ts';
import { isIdx, readIdx } from './idx.ts';
import { readJsonTensors } from './nested-json.ts';
import { isNpy, readNpy } from './npy.ts';
import { isPng, readPng, type Picture } from './picture.ts';

/** What an input file holds, before it is fitted to an input of the model. */
export type InputContent =
  | { readonly kind: 'picture'; readonly picture: Picture }
  /** `white` is set for pictures in an IDX file: the value of full white. */
  | { readonly kind: 'tensor'; readonly tensor: Tensor; readonly white?: number }
  | { readonly kind: 'named'; readonly tensors: ReadonlyMap<string, Tensor> };

/** Uncompressed bytes of a `.gz`; MNIST's largest file has 47 million. */
const MOST_BYTES = 2 ** 27;

/**
 * Reads a `.npy`, `.json`, IDX (plain or gzipped) or PNG file, told apart by content.
 *
 * @throws {EdgefoldError} FILE, FORMAT, or what the reader of the format finds.
 */
export async function readInputFile(path: string): Promise<InputContent> {
  const bytes = await inflated(await readFileBytes(path), path);
  if (isPng(bytes)) return { kind: 'picture', picture: await readPng(bytes, path) };
  if (isNpy(bytes)) return { kind: 'tensor', tensor: readNpy(bytes, path) };
  if (isIdx(bytes)) return idxContent(readIdx(bytes, path));
  if (isJson(bytes)) return jsonContent(bytes, path);
  throw new EdgefoldError('FORMAT', 'this is no input that is read here', {
    where: path,
    expected: '.npy, .json, IDX or PNG',
    received: bytes.length === 0 ? 'an empty file' : `bytes ${Buffer.from(bytes.subarray(0, 8)).toString('hex')} …`,
  });
}

function idxContent(tensor: Tensor): InputContent {
  const pictures = tensor.dtype === 'uint8' && tensor.shape.length >= 3;
  return { kind: 'tensor', tensor, ...(pictures && { white: 255 }) };
}

function jsonContent(bytes: Uint8Array, path: string): InputContent {
  const tensors = readJsonTensors(bytes, path);
  return 'single' in tensors ? { kind: 'tensor', tensor: tensors.single } : { kind: 'named', tensors: tensors.named };
}

function isJson(bytes: Uint8Array): boolean {
  return /^\s*[[{\d-]/.test(new TextDecoder('latin1').decode(bytes.subarray(0, 64)));
}

async function inflated(bytes: Uint8Array, where: string): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    const plain = await promisify(gunzip)(bytes, { maxOutputLength: MOST_BYTES });
    return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength);
  } catch (cause) {
    throw new EdgefoldError('CORRUPT', 'the gzip file cannot be unpacked', {
      where,
      expected: `at most ${MOST_BYTES} bytes inside`,
      received: (cause as Error).message,
      cause,
    });
  }
}
