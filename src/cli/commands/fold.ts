import type { Arguments } from '../arguments.ts';
import type { Command, Outcome } from '../command.ts';
import { deliver } from '../deliver.ts';
import { onnxSource } from '../onnx-source.ts';
import { besideInput, checkOutput } from '../output-file.ts';
import { checkDims } from '../dims.ts';
import { FOLD_OPTIONS, foldOptions } from '../fold-options.ts';
import { LIMIT_OPTIONS, limitsOf } from '../limits.ts';
import { checkNoVerify, PARITY_OPTIONS, paritySettings } from '../parity-check.ts';
import type { Progress } from '../progress.ts';
import { startRuntime } from '../runtime.ts';

export const foldCommand: Command = {
  verb: 'fold',
  about:
    'Folds the BatchNormalizations of an ONNX file into the layers beside them, compares the result with the original, and writes it. Exit code 2, and no file, when they differ.',
  operands: ['IN.onnx'],
  options: {
    output: { short: 'o', value: 'OUT.onnx', help: 'where to write (default: IN.folded.onnx beside the input)' },
    force: { help: 'replace an existing output file' },
    'no-verify': { help: 'write without comparing' },
    ...FOLD_OPTIONS,
    ...PARITY_OPTIONS,
    ...LIMIT_OPTIONS,
  },
  examples: [
    ['edgefold fold model.onnx', 'writes model.folded.onnx'],
    ['edgefold fold model.onnx -o small.onnx --json', 'the report as JSON'],
    ['edgefold fold model.onnx --explain', 'what became of each node, and how exact that is'],
  ],
  run: foldFile,
};

async function foldFile(args: Arguments, progress: Progress): Promise<Outcome> {
  checkNoVerify(args);
  const settings = await paritySettings(args);
  if (!args.flag('no-verify')) await startRuntime();
  progress.expect(args.flag('no-verify') ? 3 : 4);
  progress.step('reading');
  const { file, graph, model, externalData } = await onnxSource(args.operand(0), { isHashed: true, ...limitsOf(args) });
  const output = args.text('output') ?? besideInput(file.path, '.folded.onnx');
  await checkOutput(output, file.pathsRead, args.flag('force'));
  checkDims(settings, graph.inputs);
  progress.step('folding');
  const { foldGraph } = await import('../../fold/fold-graph.ts');
  const { graph: folded, report } = foldGraph(graph, foldOptions(args, graph));
  const delivery = {
    graph: folded,
    report,
    nodesBefore: report.nodes.before,
    output,
    file,
    isNew: report.changed,
    warnings: report.warnings,
    ...(externalData && { externalData }),
    ...(!args.flag('no-verify') && { reference: () => model, unfolded: graph }),
  };
  return deliver(delivery, settings, args, progress);
}
