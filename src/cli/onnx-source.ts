import { dirname, join } from 'node:path';
import { externalDataReader } from '../files/external-data.ts';
import type { Graph } from '../onnx/graph.ts';
import { readOnnx, type ExternalData } from '../onnx/read.ts';
import type { ModelSource } from '../runtime/model.ts';
import { refuseSource } from './model-kind.ts';
import type { OpenedSource, SourceOptions } from '../files/source.ts';
import type { Limits } from './limits.ts';
import { openGiven } from './open-given.ts';

/** An ONNX file that was read. */
export interface OnnxSource {
  readonly file: OpenedSource;
  readonly graph: Graph;
  /** What the runtime loads: the file itself, not what we read of it. */
  readonly model: ModelSource;
  /** Reads the weights beside it; absent for standard input, which has nothing beside it. */
  readonly externalData?: ExternalData;
}

/** @throws {EdgefoldError} FILE, or what {@link readOnnx} finds. */
export async function onnxSource(given: string, options: SourceOptions & Limits = {}): Promise<OnnxSource> {
  return readOnnxSource(await openGiven(given, options), options);
}

/** @throws {EdgefoldError} what {@link readOnnx} finds. */
export function readOnnxSource(file: OpenedSource, { maxParts }: Limits = {}): OnnxSource {
  refuseSource(file);
  const limits = maxParts === undefined ? {} : { maxParts };
  const { name, path, bytes } = file;
  if (path === undefined) return { file, graph: readOnnx(bytes, { name, ...limits }), model: bytes };
  const read = externalDataReader(path);
  const externalData: ExternalData = (location, offset, length) => {
    file.noteRead(join(dirname(path), location));
    return read(location, offset, length);
  };
  return { file, graph: readOnnx(bytes, { name, externalData, ...limits }), model: path, externalData };
}
