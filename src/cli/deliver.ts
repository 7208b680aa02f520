import { stat } from 'node:fs/promises';
import type { FoldReport } from '../fold/report.ts';
import type { Graph } from '../onnx/graph.ts';
import { writeOnnx } from '../onnx/write.ts';
import { writeModelFiles } from '../node-files.ts';
import type { ModelSource } from '../runtime/model.ts';
import type { Arguments } from './arguments.ts';
import type { Outcome } from './command.ts';
import { conversionText } from './conversion-text.ts';
import { inputSpecs, outputSpecs } from './graph-specs.ts';
import type { FoldDocument, ParityJson, SourceJson } from './json.ts';
import { checkOutput } from './output-file.ts';
import { comparePair, notAskedFor, type ParitySettings } from './parity-check.ts';
import type { Progress } from './progress.ts';

/** A model on its way to its file. */
export interface Delivery {
  readonly graph: Graph;
  /** Absent when folding was switched off. */
  readonly report?: FoldReport;
  /** Nodes before folding. */
  readonly nodesBefore: number;
  /** What the result must agree with; absent when the comparison was switched off. */
  readonly reference?: () => ModelSource;
  readonly output: string;
  readonly pathsRead: Iterable<string>;
  readonly source?: SourceJson;
  readonly warnings: readonly string[];
}

/** Compares, and writes only what passed: a model that fails leaves no file. */
export async function deliver(
  { graph, report, nodesBefore, reference, output, pathsRead, source, warnings }: Delivery,
  settings: ParitySettings,
  args: Arguments,
  progress: Progress,
): Promise<Outcome> {
  const bytes = writeOnnx(graph);
  let parity: ParityJson = notAskedFor();
  if (reference) {
    progress.step('comparing');
    parity = await comparePair(reference(), bytes, settings);
  }
  const accepted = !reference || parity.verdict === 'pass';
  progress.step('writing');
  if (accepted) {
    await checkOutput(output, pathsRead, args.flag('force'));
    await writeModelFiles(output, graph, { force: args.flag('force') });
  }
  const document: FoldDocument = {
    written: accepted ? output : null,
    ...(source && { source }),
    model: {
      path: accepted ? output : null,
      sizeBytes: accepted ? (await stat(output)).size : bytes.length,
      opset: graph.opset,
      inputs: inputSpecs(graph),
      outputs: outputSpecs(graph),
      nodes: { before: nodesBefore, after: graph.nodes.length },
    },
    fold: report ? { batchNormalizations: report.batchNormalizations, folds: report.folds } : null,
    parity,
    warnings,
  };
  return { document, table: () => conversionText(document), exitCode: accepted ? 0 : 2 };
}
