import { EdgefoldError } from '../../errors.ts';
import { sizeOf } from '../../tensor.ts';
import type { JsonObject, JsonValue, SourceFiles } from '../source-model.ts';
import { BYTES_PER_ELEMENT, decodeFloat32, decodeNumbers, storedType, type StoredType } from './decode.ts';
import { isObject, listMember, member, objectMember, stringMember } from './json.ts';
import { readShards, type ShardedBytes } from './shards.ts';
import type { StoredWeight } from './spec.ts';

/** value · scale + minimum in double precision, then one rounding. Source: decodeWeights in tfjs-core io_utils.ts. */
interface Quantization {
  readonly type: 'uint8' | 'uint16' | 'float16';
  readonly scale: number;
  readonly minimum: number;
  /** Integers are rounded to the nearest. */
  readonly isInteger: boolean;
}

interface ManifestEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: StoredType | Passed;
  readonly quantization: Quantization | undefined;
}

/** Types that are passed over: no layer computes with them. A text is its length, in four bytes, and its bytes. */
type Passed = 'string' | 'complex64';
const isPassed = (type: string): type is Passed => type === 'string' || type === 'complex64';
const BYTES_PER_COMPLEX = 8;
const LENGTH_BYTES = 4;

/**
 * The weights of a TF.js `weightsManifest`: in each group the shards follow one another, and so do the tensors.
 * Optimizer state is left out.
 *
 * @throws {EdgefoldError} FILE, UNSAFE, CORRUPT (lengths or names that do not add up), UNSUPPORTED (unknown types).
 */
export async function readManifest(
  manifest: readonly JsonValue[],
  files: SourceFiles,
): Promise<readonly StoredWeight[]> {
  const weights: StoredWeight[] = [];
  checkPaths(manifest, files);
  for (const [index, group] of manifest.entries()) {
    if (!isObject(group)) throw new EdgefoldError('CORRUPT', `group ${index} of the manifest is no object`, at(files));
    weights.push(...(await readGroup(group, files)));
  }
  const seen = new Set<string>();
  for (const { name } of weights) {
    if (seen.has(name)) throw new EdgefoldError('CORRUPT', 'the manifest holds one weight twice', at(files, name));
    seen.add(name);
  }
  return weights;
}

/** A shard that is named again would be held in memory again; no converter writes one twice. */
function checkPaths(manifest: readonly JsonValue[], files: SourceFiles): void {
  const paths = manifest.flatMap((group) => (isObject(group) ? (listMember(group, 'paths') ?? []) : []));
  if (new Set(paths).size === paths.length) return;
  throw new EdgefoldError('CORRUPT', 'the manifest names one shard twice', at(files));
}

async function readGroup(group: JsonObject, files: SourceFiles): Promise<readonly StoredWeight[]> {
  const written = listMember(group, 'weights') ?? [];
  const entries = written.map((entry) => ({ entry: readEntry(entry, files), isOptimizer: isOptimizer(entry) }));
  const bytes = await readShards(group, files);
  let end = 0;
  const weights = entries.flatMap(({ entry, isOptimizer }) => {
    const start = end;
    const length = byteLength(entry, bytes, start);
    end += length;
    return isOptimizer ? [] : [storedWeight(entry, () => bytes.slice(start, length), files)];
  });
  checkLength(end, written.length, bytes, group, files);
  return weights;
}

/** Beyond the end of the bytes, where a text would begin there. */
function byteLength({ type, shape, quantization }: ManifestEntry, bytes: ShardedBytes, start: number): number {
  const count = sizeOf(shape);
  if (type === 'complex64') return count * BYTES_PER_COMPLEX;
  if (type !== 'string') return count * BYTES_PER_ELEMENT[quantization?.type ?? type];
  let end = start;
  for (let index = 0; index < count && end <= bytes.byteLength; index++) {
    const length =
      end + LENGTH_BYTES <= bytes.byteLength ? decodeNumbers('uint32', bytes.slice(end, LENGTH_BYTES)) : [0];
    end += LENGTH_BYTES + length[0]!;
  }
  return end - start;
}

function isOptimizer(entry: JsonValue): boolean {
  return isObject(entry) && stringMember(entry, 'group') === 'optimizer';
}

function storedWeight(entry: ManifestEntry, stored: () => Uint8Array, files: SourceFiles): StoredWeight {
  const { name, shape, type } = entry;
  if (isPassed(type))
    return { name, path: name, shape, tensor: () => storedType(type, at(files, name).where) as never };
  return {
    name,
    path: name,
    shape,
    tensor: () => ({ dtype: 'float32', shape, data: dequantized(type, entry, stored()) }),
    ...(type === 'int32' && { integers: () => ({ dtype: type, shape, data: integersOf(entry, stored()) }) }),
    ...(type === 'bool' && {
      integers: () => ({ dtype: type, shape, data: stored().map((byte) => Number(byte !== 0)) }),
    }),
  };
}

function integersOf({ quantization }: ManifestEntry, bytes: Uint8Array): Int32Array {
  if (!quantization) return Int32Array.from(decodeNumbers('int32', bytes));
  const { type, scale, minimum } = quantization;
  return Int32Array.from(decodeNumbers(type, bytes), (value) => Math.round(value * scale + minimum));
}

function dequantized(type: StoredType, { quantization }: ManifestEntry, bytes: Uint8Array): Float32Array {
  if (!quantization) return decodeFloat32(type, bytes);
  if (quantization.type === 'float16') return decodeFloat32('float16', bytes);
  const { scale, minimum, isInteger } = quantization;
  const values = decodeNumbers(quantization.type, bytes);
  return isInteger
    ? Float32Array.from(values, (value) => Math.round(value * scale + minimum))
    : Float32Array.from(values, (value) => value * scale + minimum);
}

function readEntry(entry: JsonValue, files: SourceFiles): ManifestEntry {
  const name = isObject(entry) ? stringMember(entry, 'name') : undefined;
  if (!isObject(entry) || name === undefined) {
    throw new EdgefoldError('CORRUPT', 'a weight of the manifest has no name', at(files));
  }
  const shape = listMember(entry, 'shape') ?? [];
  if (!shape.every((dim) => typeof dim === 'number' && Number.isSafeInteger(dim) && dim >= 0)) {
    throw new EdgefoldError('CORRUPT', 'a weight has no proper shape', {
      ...at(files, name),
      received: JSON.stringify(shape).slice(0, 80),
    });
  }
  const written = stringMember(entry, 'dtype') ?? 'float32';
  const type = isPassed(written) ? written : storedType(written, at(files, name).where);
  const quantization = isPassed(type) ? undefined : readQuantization(entry, type, name, files);
  return { name, shape: shape as number[], type, quantization };
}

function readQuantization(
  entry: JsonObject,
  type: StoredType,
  name: string,
  files: SourceFiles,
): Quantization | undefined {
  const written = objectMember(entry, 'quantization');
  if (!written) return undefined;
  const stored = stringMember(written, 'dtype');
  const isInteger = type !== 'float32';
  if (stored === 'float16') return { type: stored, scale: 1, minimum: 0, isInteger };
  const scale = member(written, 'scale');
  const minimum = member(written, 'min');
  if ((stored === 'uint8' || stored === 'uint16') && isFinite(scale) && isFinite(minimum) && scale !== 0) {
    return { type: stored, scale, minimum, isInteger };
  }
  throw new EdgefoldError('CORRUPT', 'a weight is quantised in a way that makes no sense', {
    ...at(files, name),
    expected: 'uint8 or uint16 with finite scale and min, or float16',
    received: JSON.stringify(written).slice(0, 120),
  });
}

function isFinite(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function checkLength(needed: number, count: number, bytes: ShardedBytes, group: JsonObject, files: SourceFiles): void {
  if (needed === bytes.byteLength) return;
  const paths = JSON.stringify(listMember(group, 'paths') ?? []);
  throw new EdgefoldError('CORRUPT', `the shards are too ${needed > bytes.byteLength ? 'short' : 'long'}`, {
    where: `${files.name}: ${paths.slice(0, 200)}`,
    expected: `${needed} bytes for ${count} weights`,
    received: `${bytes.byteLength} bytes`,
    hint: 'A shard may be cut short or belong to another model; fetch the files again.',
  });
}

function at(files: SourceFiles, weight?: string): { where: string } {
  return { where: weight === undefined ? files.name : `${files.name}, weight ${weight}` };
}
