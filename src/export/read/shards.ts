import { EdgefoldError } from '../../errors.ts';
import type { JsonObject, SourceFiles } from '../source-model.ts';
import { listMember } from './json.ts';
import { checkLocation } from '../../onnx/location.ts';

/** The shards of one group, read as if they were one file; a weight may begin in one and end in the next. */
export interface ShardedBytes {
  readonly byteLength: number;
  /** A view where the range lies in one shard, else a copy. */
  slice(start: number, byteLength: number): Uint8Array;
}

/** @throws {EdgefoldError} FILE if a shard is missing, UNSAFE if its name leaves the folder. */
export async function readShards(group: JsonObject, files: SourceFiles): Promise<ShardedBytes> {
  const paths = listMember(group, 'paths') ?? [];
  const shards: Uint8Array[] = [];
  for (const path of paths) {
    if (typeof path !== 'string') {
      throw new EdgefoldError('CORRUPT', 'the weights manifest names a shard by something other than text', {
        where: files.name,
        received: JSON.stringify(path).slice(0, 80),
      });
    }
    checkLocation(path);
    shards.push(await files.sibling(path));
  }
  return joined(shards);
}

function joined(shards: readonly Uint8Array[]): ShardedBytes {
  const starts: number[] = [];
  let byteLength = 0;
  for (const shard of shards) {
    starts.push(byteLength);
    byteLength += shard.length;
  }
  return {
    byteLength,
    slice: (start, length) => {
      const first = starts.findLastIndex((at) => at <= start);
      const shard = shards[first];
      const offset = start - (starts[first] ?? 0);
      if (shard && offset + length <= shard.length) return shard.subarray(offset, offset + length);
      return stitched(shards, starts, start, length);
    },
  };
}

function stitched(shards: readonly Uint8Array[], starts: readonly number[], start: number, length: number): Uint8Array {
  const whole = new Uint8Array(length);
  shards.forEach((shard, index) => {
    const at = starts[index]!;
    const from = Math.max(start, at);
    const to = Math.min(start + length, at + shard.length);
    if (from < to) whole.set(shard.subarray(from - at, to - at), from - start);
  });
  return whole;
}
