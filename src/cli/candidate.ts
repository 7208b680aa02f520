import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { draftBeside } from '../files/draft.ts';
import { failed } from '../files/faults.ts';
import { writeModelFiles } from '../files/write.ts';
import type { Graph } from '../onnx/graph.ts';
import { splitOnnx, writeOnnx, type SplitLimits, type WriteOptions } from '../onnx/write.ts';
import type { ModelSource } from '../runtime/model.ts';
import { withCleanup } from './signals.ts';

/** A graph as the runtime loads it. */
export interface Candidate {
  readonly model: ModelSource;
  readonly sizeBytes: number;
}

/** What is sent to the process that runs models, at each level of optimisation anew; it reads more sooner from a file. */
const MOST_SENT_BYTES = 2 ** 24;

/**
 * Gives the runtime a graph before it is written to its place: as bytes, or, if it is large, as files in a folder beside
 * `output` that goes when the work is done.
 */
export async function withCandidate<T>(
  graph: Graph,
  output: string,
  options: WriteOptions & Partial<SplitLimits>,
  work: (candidate: Candidate) => Promise<T>,
): Promise<T> {
  const maxInlineBytes = Math.min(options.maxInlineBytes ?? Infinity, MOST_SENT_BYTES);
  if (splitOnnx(graph, { ...options, maxInlineBytes }).dataBytes === 0) {
    const model = writeOnnx(graph, options);
    return work({ model, sizeBytes: model.length });
  }
  const folder = draftBeside(output);
  try {
    mkdirSync(folder);
  } catch (cause) {
    failed('cannot be written', output, cause);
  }
  const remove = () => {
    rmSync(folder, { recursive: true, force: true });
  };
  return withCleanup(remove, async () => {
    const { path, sizeBytes, data } = await writeModelFiles(join(folder, 'model.onnx'), graph, options);
    return work({ model: path, sizeBytes: sizeBytes + (data?.sizeBytes ?? 0) });
  });
}
