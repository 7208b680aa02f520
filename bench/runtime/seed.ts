import { readFileSync } from 'node:fs';
import { exportModel } from '../../src/export/export-model.ts';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';

const FILE = new URL('../../models/digits/norm-before-activation/model.keras', import.meta.url);

/** The digit model, folded: 784 → 300 → 100 → 10. */
export async function seedModel(): Promise<Uint8Array> {
  return writeOnnx(foldGraph(await seedGraph()).graph);
}

/** The same with its three BatchNormalizations. */
export async function unfoldedSeedModel(): Promise<Uint8Array> {
  return writeOnnx(await seedGraph());
}

async function seedGraph(): Promise<Graph> {
  return (await exportModel(new Uint8Array(readFileSync(FILE)))).graph;
}

export const SEED_SHAPE = [1, 28, 28] as const;
