import type { ChangedInput } from '../../export/model-inputs.ts';
import { readSource } from '../../export/read/read-source.ts';
import { exportSource, type ExportOptions } from '../../export/export-model.ts';
import type { OpenedSource } from '../../files/source.ts';
import type { Graph } from '../../onnx/graph.ts';
import { writeOnnx } from '../../onnx/write.ts';
import type { OriginalModel } from '../../parity/original/tfjs.ts';
import type { ModelSource } from '../../runtime/model.ts';
import type { Limits } from '../limits.ts';
import { modelKind } from '../model-kind.ts';
import { readOnnxSource } from '../onnx-source.ts';
import { openGiven } from '../open-given.ts';

/** What a candidate is held against. */
export interface Reference {
  readonly file: OpenedSource;
  readonly graph: Graph;
  readonly model: ModelSource;
  /** For what a framework wrote: the model in that framework. */
  readonly original?: () => Promise<OriginalModel>;
}

/**
 * An ONNX file as it is, and a source as it is exported, unfolded, in the opset of the candidate and with inputs of the
 * form in which that takes them.
 *
 * @throws {EdgefoldError} whatever reading and exporting find.
 */
export async function referenceFor(
  given: string,
  candidate: Graph,
  { customLayers, ...limits }: { readonly customLayers?: ExportOptions['customLayers'] | undefined } & Limits = {},
): Promise<Reference> {
  const file = await openGiven(given, limits);
  if (modelKind(file) === 'onnx') return readOnnxSource(file, limits);
  const source = await readSource(file);
  const asked = formOf(candidate);
  const { graph, changedInputs } = exportSource(source, {
    ...asked,
    opset: candidate.opset,
    ...(customLayers && { customLayers }),
  });
  const original = async () => {
    const { originalOf } = await import('./original-of.ts');
    return originalOf(source, file, graph, changedInputs);
  };
  return { file, graph, model: writeOnnx(graph), original };
}

/** The form of images that export has noted in the metadata; anything else there is passed over. */
function formOf({ model }: Graph): { readonly inputLayout?: 'nchw'; readonly inputDtype?: 'uint8' } {
  const noted = model.metadata.get('edgefold.inputs');
  const changes = noted === undefined ? [] : changesIn(noted);
  return {
    ...(changes.some(({ layout }) => layout === 'nchw') && { inputLayout: 'nchw' }),
    ...(changes.some(({ dtype }) => dtype === 'uint8') && { inputDtype: 'uint8' }),
  };
}

function changesIn(noted: string): readonly Partial<ChangedInput>[] {
  try {
    const value: unknown = JSON.parse(noted);
    const entries: readonly unknown[] = Array.isArray(value) ? value : [];
    return entries.filter((entry) => typeof entry === 'object' && entry !== null);
  } catch {
    return [];
  }
}
