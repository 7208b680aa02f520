import type { CustomLayers } from '../../export/custom/custom-layer.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, Outcome } from '../command.ts';
import { CUSTOM_LAYERS_OPTION, customLayersOf } from '../custom-layers.ts';
import type { InspectDocument } from '../json.ts';
import { inspectText } from '../inspect/inspect-text.ts';
import { LIMIT_OPTIONS, limitsOf, type Limits } from '../limits.ts';
import { modelKind } from '../model-kind.ts';
import type { Progress } from '../progress.ts';
import type { OpenedSource } from '../../files/source.ts';
import { openGiven } from '../open-given.ts';

export const inspectCommand: Command = {
  verb: 'inspect',
  about:
    'Shows what a Keras, TF.js or ONNX file holds: layers, shapes and parameters, and for every BatchNormalization its four variables, its settings, and what folding will make of it. Nothing is written.',
  operands: ['FILE'],
  options: { ...CUSTOM_LAYERS_OPTION, ...LIMIT_OPTIONS },
  examples: [
    ['edgefold inspect model.keras', 'before an export'],
    ['edgefold inspect model.onnx --json', 'every node, for a program to read'],
  ],
  run: inspect,
};

async function inspect(args: Arguments, progress: Progress): Promise<Outcome> {
  progress.expect(2);
  progress.step('reading');
  const customLayers = await customLayersOf(args);
  const file = await openGiven(args.operand(0), limitsOf(args));
  progress.step('trying to fold');
  const document = await documentOf(file, customLayers, limitsOf(args));
  return { document, table: () => inspectText(document), exitCode: 0 };
}

async function documentOf(
  file: OpenedSource,
  customLayers: CustomLayers | undefined,
  limits: Limits,
): Promise<InspectDocument> {
  if (modelKind(file) === 'source')
    return (await import('../inspect/inspect-source.ts')).inspectSource(file, customLayers);
  const [{ inspectOnnx }, { readOnnxSource }] = await Promise.all([
    import('../inspect/inspect-onnx.ts'),
    import('../onnx-source.ts'),
  ]);
  return inspectOnnx(readOnnxSource(file, limits));
}
