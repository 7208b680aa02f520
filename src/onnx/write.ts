import type { Graph } from './graph.ts';
import type { ExternalData } from './proto/external.ts';
import { piecesOf, placed, planParts, SPLIT_DEFAULTS, type SplitLimits } from './proto/split.ts';
import { concatenated, encodeModel, inTurn } from './proto/wire.ts';
import { writeModel } from './proto/write-model.ts';

export { SPLIT_DEFAULTS };
export type { SplitLimits };

export interface WriteOptions {
  /** Takes weights that lie in other files into the model; without it, it keeps pointing at those files. */
  readonly externalData?: ExternalData;
}

/**
 * Writes the main graph of a model. What was read and not changed comes out as the bytes it was read from.
 * @throws {EdgefoldError} LIMIT if the model is beyond 2 GiB, which protobuf cannot hold: see {@link splitOnnx};
 * FILE, CORRUPT if weights in other files are wanted and cannot be read.
 */
export function writeOnnx(graph: Graph, { externalData }: WriteOptions = {}): Uint8Array {
  return concatenated(encodeModel(placed(writeModel(graph), externalData)));
}

/** A model in two files, or one if it is small enough. */
export interface SplitModel {
  /** Size of the data file; 0 for none. */
  readonly dataBytes: number;
  /** The data file in pieces, in order; a weight is looked at only when its turn comes. */
  data(): Iterable<Uint8Array>;
  /** The model file, in pieces of which each is good until the next is asked for; `location` is the name of the data file beside it. */
  model(location: string): Iterable<Uint8Array>;
}

/**
 * Writes a model of any size: beyond `maxInlineBytes` its large initializers go into a data file of its own, each at
 * the beginning of a page. The same graph gives the same bytes.
 */
export function splitOnnx(graph: Graph, options: WriteOptions & Partial<SplitLimits> = {}): SplitModel {
  const { externalData } = options;
  const model = writeModel(graph);
  const parts = planParts(model, { ...SPLIT_DEFAULTS, ...options }, externalData);
  const last = [...parts.values()].at(-1);
  return {
    dataBytes: last ? last.offset + last.length : 0,
    data: () => piecesOf(parts.values()),
    model: (location) => inTurn(encodeModel(placed(model, externalData, parts, location))),
  };
}
