import type { Graph } from '../../onnx/graph.ts';
import { writeOnnx } from '../../onnx/write.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, Outcome } from '../command.ts';
import { CUSTOM_LAYERS_OPTION, customLayersOf } from '../custom-layers.ts';
import { deliver } from '../deliver.ts';
import { besideInput, checkOutput } from '../output-file.ts';
import { checkDims } from '../dims.ts';
import { checkNoFold, FOLD_OPTIONS, foldOptions } from '../fold-options.ts';
import { INPUT_OPTIONS, inputOptions } from '../input-options.ts';
import { LIMIT_OPTIONS, limitsOf } from '../limits.ts';
import { checkNoVerify, PARITY_OPTIONS, paritySettings } from '../parity-check.ts';
import type { Progress } from '../progress.ts';
import { openGiven } from '../open-given.ts';
import { startRuntime } from '../runtime.ts';

export const exportCommand: Command = {
  verb: 'export',
  about:
    'Turns a trained Keras or TF.js model into an ONNX file without BatchNormalization: reads it, lowers it, folds it, compares the folded model with the unfolded one, and writes it. Exit code 2, and no file, when they differ.',
  operands: ['SRC'],
  options: {
    output: { short: 'o', value: 'OUT.onnx', help: 'where to write (default: SRC.onnx beside the source)' },
    opset: { value: 'N', help: 'ai.onnx version of the result (default 17)' },
    force: { help: 'replace an existing output file' },
    'no-fold': { help: 'leave the BatchNormalizations in' },
    'no-verify': { help: 'write without comparing' },
    original: { help: 'run SRC in TF.js too, where TF.js can, and compare with it' },
    ...CUSTOM_LAYERS_OPTION,
    ...INPUT_OPTIONS,
    ...FOLD_OPTIONS,
    ...PARITY_OPTIONS,
    'max-bytes': LIMIT_OPTIONS['max-bytes'],
  },
  examples: [
    ['edgefold export model.keras', 'writes model.onnx beside it'],
    ['edgefold export tfjs/model.json -o digits.onnx', 'a TF.js layers model with its weight files'],
    ['edgefold export saved_model/', 'a SavedModel folder that Keras has written'],
    ['edgefold export model.keras --custom-layers mine.js', 'a model with layers that only its authors know'],
    ['edgefold export architecture.json', 'Keras architecture, with its weights (.h5) beside it'],
  ],
  notes: [
    'SRC is a .keras, .h5, saved_model.pb or model.json file, a folder with one of the last two or of an unzipped .keras file, or - for standard input.',
  ],
  run: exportFile,
};

async function exportFile(args: Arguments, progress: Progress): Promise<Outcome> {
  checkNoVerify(args);
  checkNoFold(args);
  const settings = await paritySettings(args);
  const opset = args.integer('opset', [1, 1000]);
  const inputs = inputOptions(args);
  const customLayers = await customLayersOf(args);
  if (!args.flag('no-verify')) await startRuntime();
  progress.expect(args.flag('no-verify') ? 4 : 5);
  progress.step('reading');
  const file = await openGiven(args.operand(0), { isHashed: true, ...limitsOf(args) });
  const { readSource } = await import('../../export/read/read-source.ts');
  const source = await readSource(file);
  const output = args.text('output') ?? besideInput(file.path, '.onnx');
  await checkOutput(output, file.pathsRead, args.flag('force'));
  progress.step('exporting');
  const { exportSource } = await import('../../export/export-model.ts');
  const { graph, warnings, changedInputs } = exportSource(source, {
    ...inputs,
    ...(opset !== undefined && { opset }),
    ...(customLayers && { customLayers }),
  });
  checkDims(settings, graph.inputs);
  progress.step('folding');
  const folded = args.flag('no-fold') ? undefined : await fold(graph, args);
  const delivery = {
    graph: folded?.graph ?? graph,
    ...(folded && { report: folded.report }),
    nodesBefore: graph.nodes.length,
    output,
    file,
    isNew: true,
    source: { path: file.name, format: source.format, kerasVersion: source.kerasVersion, changedInputs },
    warnings: [...warnings, ...(folded?.report.warnings ?? [])],
    ...(!args.flag('no-verify') && { reference: () => writeOnnx(graph), unfolded: graph }),
    ...(args.flag('original') && {
      original: async () => {
        const { originalOf } = await import('../original/original-of.ts');
        return originalOf(source, file, graph, changedInputs);
      },
    }),
  };
  return deliver(delivery, settings, args, progress);
}

async function fold(graph: Graph, args: Arguments) {
  const { foldGraph } = await import('../../fold/fold-graph.ts');
  return foldGraph(graph, foldOptions(args, graph));
}
