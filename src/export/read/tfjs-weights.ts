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
  readonly type: StoredType;
  readonly quantization: Quantization | undefined;
  readonly byteLength: number;
}

/**
 * The weights of a TF.js `weightsManifest`: in each group the shards follow one another, and so do the tensors.
 * Optimizer state is left out.
 *
 * @throws {EdgefoldError} FILE, UNSAFE, CORRUPT (lengths or names that do not add up), UNSUPPORTED (text weights).
 */
export async function readManifest(
  manifest: readonly JsonValue[],
  files: SourceFiles,
): Promise<readonly StoredWeight[]> {
  const weights: StoredWeight[] = [];
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

async function readGroup(group: JsonObject, files: SourceFiles): Promise<readonly StoredWeight[]> {
  const written = listMember(group, 'weights') ?? [];
  const entries = written.map((entry) => ({ entry: readEntry(entry, files), isOptimizer: isOptimizer(entry) }));
  const bytes = await readShards(group, files);
  checkLength(
    entries.map(({ entry }) => entry),
    bytes,
    group,
    files,
  );
  let start = 0;
  return entries.flatMap(({ entry, isOptimizer }) => {
    const offset = start;
    start += entry.byteLength;
    return isOptimizer ? [] : [storedWeight(entry, bytes, offset)];
  });
}

function isOptimizer(entry: JsonValue): boolean {
  return isObject(entry) && stringMember(entry, 'group') === 'optimizer';
}

function storedWeight(entry: ManifestEntry, bytes: ShardedBytes, offset: number): StoredWeight {
  const { name, shape } = entry;
  return {
    name,
    path: name,
    shape,
    tensor: () => ({ dtype: 'float32', shape, data: dequantized(entry, bytes.slice(offset, entry.byteLength)) }),
  };
}

function dequantized({ type, quantization }: ManifestEntry, bytes: Uint8Array): Float32Array {
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
  const type = storedType(stringMember(entry, 'dtype') ?? 'float32', `${files.name}, weight ${name}`);
  const quantization = readQuantization(entry, type, name, files);
  const byteLength = sizeOf(shape as number[]) * BYTES_PER_ELEMENT[quantization?.type ?? type];
  return { name, shape: shape as number[], type, quantization, byteLength };
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

function checkLength(
  entries: readonly ManifestEntry[],
  bytes: ShardedBytes,
  group: JsonObject,
  files: SourceFiles,
): void {
  const needed = entries.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (needed === bytes.byteLength) return;
  const paths = JSON.stringify(listMember(group, 'paths') ?? []);
  throw new EdgefoldError('CORRUPT', `the shards are too ${needed > bytes.byteLength ? 'short' : 'long'}`, {
    where: `${files.name}: ${paths.slice(0, 200)}`,
    expected: `${needed} bytes for ${entries.length} weights`,
    received: `${bytes.byteLength} bytes`,
    hint: 'A shard may be cut short or belong to another model; fetch the files again.',
  });
}

function at(files: SourceFiles, weight?: string): { where: string } {
  return { where: weight === undefined ? files.name : `${files.name}, weight ${weight}` };
}
