import type { CustomLayers } from '../export/custom/custom-layer.ts';
import type { Model } from '../runtime/model.ts';
import type { Limits } from './limits.ts';
import { modelKind } from './model-kind.ts';
import { openGiven } from './open-given.ts';

/**
 * A model ready to run on the CPU: ONNX as it is, anything else exported and folded in memory.
 *
 * @throws {EdgefoldError} FILE, FORMAT, and whatever reading, exporting or loading finds.
 */
export async function openModel(
  given: string,
  { customLayers, ...limits }: { readonly customLayers?: CustomLayers | undefined } & Limits = {},
): Promise<{ readonly model: Model; readonly name: string }> {
  const { load, startRuntime } = await import('./runtime.ts');
  await startRuntime();
  const source = await openGiven(given, limits);
  if (modelKind(source) === 'onnx') {
    // What is no model, or would fill the memory, is refused before onnxruntime tries.
    (await import('./onnx-source.ts')).readOnnxSource(source, limits);
    // By its path where it has one, so that weights in files beside it are found.
    return { model: await load(source.path ?? source.bytes), name: source.name };
  }
  const [{ readSource }, { exportSource }, { foldGraph }, { writeOnnx }] = await Promise.all([
    import('../export/read/read-source.ts'),
    import('../export/export-model.ts'),
    import('../fold/fold-graph.ts'),
    import('../onnx/write.ts'),
  ]);
  const { graph } = exportSource(await readSource(source), customLayers && { customLayers });
  return { model: await load(writeOnnx(foldGraph(graph).graph)), name: source.name };
}
