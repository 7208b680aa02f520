import { encode } from 'fast-png';
import { strFromU8, strToU8 } from 'fflate';
import { readIdx } from '../../../../src/cli/inputs/idx.ts';
import { readJsonTensors } from '../../../../src/cli/inputs/nested-json.ts';
import { readNpy, writeNpy } from '../../../../src/cli/inputs/npy.ts';
import { readPng } from '../../../../src/cli/inputs/picture.ts';
import { joined, mutatedBytes } from './mutate-bytes.ts';
import { mutatedJson } from './mutate-json.ts';
import type { Random } from './random.ts';
import type { Target } from './targets.ts';

const count = (length: number) => Array.from({ length }, (_, index) => index);

function inputTarget(
  name: string,
  seeds: readonly Uint8Array[],
  read: (bytes: Uint8Array) => unknown,
  mutated = mutatedBytes,
): Target {
  return {
    name,
    mutant: (random) => ({ main: 'file', folder: { file: mutated(random.pick(seeds), random) } }),
    read: ({ folder }) => Promise.resolve(folder.file!).then(read),
  };
}

const npy = [
  { dtype: 'float32', shape: [2, 3, 5], data: Float32Array.from(count(30)) },
  { dtype: 'int64', shape: [7], data: BigInt64Array.from(count(7).map(BigInt)) },
  { dtype: 'uint8', shape: [], data: Uint8Array.of(3) },
] as const;

const png = [1, 2, 3, 4].map((channels) =>
  encode({ width: 5, height: 7, channels, data: Uint8Array.from(count(35 * channels)) }),
);

const values = (bytes: Uint8Array, random: Random) => random.once(4) ? mutatedBytes(bytes, random) : strToU8(mutatedJson(strFromU8(bytes), random)); // prettier-ignore

/** Files that `run` takes as inputs. */
export const inputTargets: readonly Target[] = [
  inputTarget('npy', npy.map((tensor) => joined(...writeNpy(tensor))), (bytes) => readNpy(bytes, 'file')), // prettier-ignore
  inputTarget('png', png, (bytes) => readPng(bytes, 'file')),
  inputTarget('idx', [Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, ...count(6))], (bytes) => readIdx(bytes, 'file')), // prettier-ignore
  inputTarget('json-tensors', [strToU8('{"x": [[1, 2.5, -3e2], [4, 5, 6]], "y": [[[7]]]}'), strToU8('[[1, 2], [3, 4]]')], (bytes) => readJsonTensors(bytes, 'file'), values), // prettier-ignore
];
