import { basename } from 'node:path';
import type { Arguments } from '../arguments.ts';
import type { Command, Outcome } from '../command.ts';
import { CUSTOM_LAYERS_OPTION, customLayersOf } from '../custom-layers.ts';
import { checkDims } from '../dims.ts';
import type { VerifyDocument } from '../json.ts';
import { LIMIT_OPTIONS, limitsOf } from '../limits.ts';
import { comparePair, PARITY_OPTIONS, paritySettings } from '../parity-check.ts';
import { parityText } from '../parity-text.ts';
import type { Progress } from '../progress.ts';
import { onnxSource } from '../onnx-source.ts';
import { referenceFor } from '../original/reference.ts';
import { checkOutput } from '../output-file.ts';
import { startRuntime } from '../runtime.ts';

export const verifyCommand: Command = {
  verb: 'verify',
  about:
    'Runs two models on the same inputs and compares every output. A is the reference: an ONNX file, which runs as it is written, or the Keras or TF.js file that B.onnx was exported from, which is exported again and, where TF.js can run it, run there too. B.onnx runs at every optimisation level of onnxruntime. Exit code 0 when all agree, 2 when they do not or nothing could be compared.',
  operands: ['A', 'B.onnx'],
  options: {
    ...CUSTOM_LAYERS_OPTION,
    ...PARITY_OPTIONS,
    ...LIMIT_OPTIONS,
    report: { value: 'OUT.html', help: 'write what was found as one page that can be read without Edgefold' },
    force: { help: 'replace an existing report' },
  },
  examples: [
    ['edgefold verify model.onnx model.folded.onnx', 'do both compute the same?'],
    ['edgefold verify model.keras model.onnx', 'does the export compute what the original does?'],
    ['edgefold verify model.onnx model.folded.onnx --truth --report parity.html', 'the whole evidence, as a page'],
  ],
  run: verifyFiles,
};

async function verifyFiles(args: Arguments, progress: Progress): Promise<Outcome> {
  const settings = await paritySettings(args);
  await startRuntime();
  const candidate = await onnxSource(args.operand(1), limitsOf(args));
  const reference = await referenceFor(args.operand(0), candidate.graph, {
    customLayers: await customLayersOf(args),
    ...limitsOf(args),
  });
  checkDims(settings, [...reference.graph.inputs, ...candidate.graph.inputs]);
  const report = args.text('report');
  if (report !== undefined) {
    await checkOutput(report, [...reference.file.pathsRead, ...candidate.file.pathsRead], args.flag('force'));
  }
  progress.expect(1);
  progress.step('comparing');
  const graphs = { reference: reference.graph, candidate: candidate.graph };
  const { original } = reference;
  const parity = await comparePair(reference.model, candidate.model, settings, progress, {
    graphs,
    ...(original && { original }),
  });
  if (report !== undefined) {
    const { writeReport } = await import('../report-file.ts');
    const [first, second] = [args.operand(0), args.operand(1)].map((path) => basename(path));
    const contents = { reference: first!, candidate: second!, parity, graphs, command: commandLine(process.argv) };
    await writeReport(report, contents, { force: args.flag('force') });
  }
  const document: VerifyDocument = { reference: args.operand(0), candidate: args.operand(1), parity };
  return { document, table: () => parityText(parity), exitCode: parity.verdict === 'pass' ? 0 : 2 };
}

/** What was typed, so that a shell would take it again. */
const commandLine = (argv: readonly string[]): string =>
  [
    'edgefold',
    ...argv.slice(2).map((word) => (/^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)),
  ].join(' ');
