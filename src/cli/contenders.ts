import { statSync } from 'node:fs';
import type { CustomLayers } from '../export/custom/custom-layer.ts';
import type { ModelSource } from '../runtime/model.ts';
import type { Limits } from './limits.ts';
import { modelKind, refuseSource } from './model-kind.ts';
import { openGiven } from './open-given.ts';
import type { OpenedSource } from '../files/source.ts';

/** A model that is timed, under the name that it has in the table. */
export interface Contender {
  readonly name: string;
  readonly model: ModelSource;
  readonly sizeBytes: number;
}

/**
 * An ONNX file as it is; anything else exported in memory, unfolded and folded.
 *
 * @param against a second ONNX file.
 * @throws {EdgefoldError} whatever reading and exporting find; FORMAT if the second file is no ONNX file.
 */
export async function contendersFor(
  given: string,
  against: string | undefined,
  { customLayers, ...limits }: { readonly customLayers?: CustomLayers | undefined } & Limits = {},
): Promise<readonly Contender[]> {
  const file = await openGiven(given, limits);
  const first = modelKind(file) === 'onnx' ? [asItIs(file)] : await bothWays(file, customLayers);
  if (against === undefined) return first;
  const other = await openGiven(against, limits);
  refuseSource(other);
  return [...first, asItIs(other, first[0]!.name)];
}

/** By its path where it has one, so that weights in files beside it are found. */
function asItIs({ name, path, bytes }: OpenedSource, taken?: string): Contender {
  const sizeBytes = path === undefined ? bytes.length : statSync(path).size;
  return { name: name === taken ? `${name} (again)` : name, model: path ?? bytes, sizeBytes };
}

async function bothWays(file: OpenedSource, customLayers?: CustomLayers): Promise<readonly Contender[]> {
  const [{ readSource }, { exportSource }, { foldGraph }, { writeOnnx }] = await Promise.all([
    import('../export/read/read-source.ts'),
    import('../export/export-model.ts'),
    import('../fold/fold-graph.ts'),
    import('../onnx/write.ts'),
  ]);
  const { graph } = exportSource(await readSource(file), customLayers ? { customLayers } : {});
  return Object.entries({ unfolded: graph, folded: foldGraph(graph).graph }).map(([name, each]) => {
    const model = writeOnnx(each);
    return { name, model, sizeBytes: model.length };
  });
}
