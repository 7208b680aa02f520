import { readFileSync } from 'node:fs';
import { exportModel } from '../../src/export/export-model.ts';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';

const FILE = new URL('../../models/digits/norm-before-activation/model.keras', import.meta.url);

/** The digit model, folded: 784 → 300 → 100 → 10. */
export async function seedModel(): Promise<Uint8Array> {
  const { graph } = await exportModel(new Uint8Array(readFileSync(FILE)));
  return writeOnnx(foldGraph(graph).graph);
}

export const SEED_SHAPE = [1, 28, 28] as const;
