/**
 * Writes next to this script, in `sample/`, 16 digits that no model here was trained on, in each of the forms that
 * `edgefold run --input` takes:
 *
 *   digits-images-idx3-ubyte, digits-labels-idx1-ubyte   pixels 0 … 255 and labels
 *   digits.npy                                           float32 [16, 28, 28], pixel / 255
 *   digit-<label>.png                                    the first of them, 28 × 28, 8-bit gray
 *
 *   EDGEFOLD_SHARED=../shared npx tsx models/digits/make-sample.ts
 */
import { encode } from 'fast-png';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { normalized, PIXELS, readDigits, TRAINED_ON } from './digits.ts';

const COUNT = 16;
const FOLDER = fileURLToPath(new URL('sample/', import.meta.url));

/** IDX: 0, 0, type 8 (uint8), rank; each dimension as a big-endian uint32; the elements. */
function idx(shape: readonly number[], data: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint32(0, 0x0800 + shape.length);
  shape.forEach((dim, axis) => {
    header.setUint32(4 + 4 * axis, dim);
  });
  return Buffer.concat([new Uint8Array(header.buffer), data]);
}

/** NPY 1.0: magic, version, header length, a Python dict padded so that the data begins at a multiple of 64. */
function npy(shape: readonly number[], data: Float32Array): Uint8Array {
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const padded = `${dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11)}\n`;
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, padded.length & 0xff, padded.length >> 8]);
  return Buffer.concat([start, Buffer.from(padded), new Uint8Array(data.buffer)]);
}

const { pixels, labels } = readDigits();
const images = pixels.slice(TRAINED_ON * PIXELS, (TRAINED_ON + COUNT) * PIXELS);
const sampleLabels = labels.slice(TRAINED_ON, TRAINED_ON + COUNT);
mkdirSync(FOLDER, { recursive: true });
writeFileSync(`${FOLDER}digits-images-idx3-ubyte`, idx([COUNT, 28, 28], images));
writeFileSync(`${FOLDER}digits-labels-idx1-ubyte`, idx([COUNT], sampleLabels));
writeFileSync(`${FOLDER}digits.npy`, npy([COUNT, 28, 28], normalized(images)));
writeFileSync(
  `${FOLDER}digit-${sampleLabels[0]!}.png`,
  encode({ width: 28, height: 28, channels: 1, depth: 8, data: images.subarray(0, PIXELS) }),
);
