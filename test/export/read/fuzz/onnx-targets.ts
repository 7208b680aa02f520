import { exportSource } from '../../../../src/export/export-model.ts';
import { readSource } from '../../../../src/export/read/read-source.ts';
import { foldGraph } from '../../../../src/fold/fold-graph.ts';
import { checkGraph } from '../../../../src/onnx/check.ts';
import { readOnnx } from '../../../../src/onnx/read.ts';
import { writeOnnx } from '../../../../src/onnx/write.ts';
import { filesOf, type Folder } from '../formats.ts';
import { mutatedBytes } from './mutate-bytes.ts';
import { mutatedMessage } from './mutate-message.ts';
import type { Mutant, Target } from './targets.ts';

/** What small models become. */
export async function smallOnnx(folders: readonly Folder[]): Promise<readonly Uint8Array[]> {
  const models: Uint8Array[] = [];
  for (const folder of folders) models.push(writeOnnx(exportSource(await readSource(filesOf(folder, 'model.json'))).graph)); // prettier-ignore
  return models;
}

function onnxTarget(name: string, seeds: readonly Uint8Array[], read: (bytes: Uint8Array) => unknown): Target {
  return {
    name,
    mutant: (random): Mutant => {
      const change = random.once(16) ? mutatedBytes : mutatedMessage;
      return { main: 'file', folder: { file: change(random.pick(seeds), random) } };
    },
    read: ({ folder }) => Promise.resolve(read(folder.file!)),
  };
}

/** A model that was read is written, and what was written reads and writes as itself, to the byte. */
function roundTrip(bytes: Uint8Array): void {
  const written = writeOnnx(readOnnx(bytes));
  const again = writeOnnx(readOnnx(written));
  if (written.length !== again.length || written.some((byte, at) => byte !== again[at])) {
    throw new Error('it is written in another way the second time');
  }
}

/** All that `fold` does with a model. */
function folded(bytes: Uint8Array): void {
  const graph = readOnnx(bytes);
  checkGraph(graph);
  const result = foldGraph(graph).graph;
  checkGraph(result);
  writeOnnx(result);
}

export const onnxTargets = (seeds: readonly Uint8Array[]): readonly Target[] => [
  onnxTarget('onnx-round-trip', seeds, roundTrip),
  onnxTarget('onnx-fold', seeds, folded),
];
