import type { FoldReport } from '../fold/report.ts';
import type { Graph } from '../onnx/graph.ts';
import { writeModelFiles, type WrittenModel } from '../files/write.ts';
import type { ExternalData } from '../onnx/read.ts';
import type { ModelSource } from '../runtime/model.ts';
import type { Arguments } from './arguments.ts';
import type { Outcome } from './command.ts';
import { withCandidate } from './candidate.ts';
import { conversionText } from './conversion-text.ts';
import { inputSpecs, outputSpecs } from './graph-specs.ts';
import type { FoldDocument, ParityJson, SourceJson } from './json.ts';
import { refuseOverInput } from './output-file.ts';
import { comparePair, notAskedFor, type ParitySettings } from './parity-check.ts';
import type { Progress } from './progress.ts';
import { heldSignals } from './signals.ts';

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
  /** Weights in other files go into the result. */
  readonly externalData?: ExternalData;
  readonly pathsRead: Iterable<string>;
  readonly source?: SourceJson;
  readonly warnings: readonly string[];
}

/** Compares, and writes only what passed: a model that fails leaves no file. */
export async function deliver(
  delivery: Delivery,
  settings: ParitySettings,
  args: Arguments,
  progress: Progress,
): Promise<Outcome> {
  const { graph, reference, output, pathsRead, externalData } = delivery;
  // Weights in other files are read while the result is written; it must not take the place of one of them.
  const guarded =
    (read: ExternalData): ExternalData =>
    (location, offset, length) => {
      const bytes = read(location, offset, length);
      refuseOverInput(output, pathsRead);
      return bytes;
    };
  const options = { force: args.flag('force'), ...(externalData && { externalData: guarded(externalData) }) };
  // The files beside a source have been read by now.
  refuseOverInput(output, pathsRead);
  let parity: ParityJson = notAskedFor();
  let sizeBytes = 0;
  if (reference) {
    progress.step('comparing');
    parity = await withCandidate(graph, output, options, (candidate) => {
      ({ sizeBytes } = candidate);
      return comparePair(reference(), candidate.model, settings, progress);
    });
  }
  const accepted = !reference || parity.verdict === 'pass';
  progress.step('writing');
  const written = accepted ? await heldSignals(() => writeModelFiles(output, graph, options)) : undefined;
  const document = documentOf(delivery, parity, written, sizeBytes);
  return { document, table: () => conversionText(document), exitCode: accepted ? 0 : 2 };
}

function documentOf(
  { graph, report, nodesBefore, source, warnings }: Delivery,
  parity: ParityJson,
  written: WrittenModel | undefined,
  sizeBytes: number,
): FoldDocument {
  return {
    written: written?.path ?? null,
    ...(source && { source }),
    model: {
      path: written?.path ?? null,
      sizeBytes: written ? written.sizeBytes + (written.data?.sizeBytes ?? 0) : sizeBytes,
      opset: graph.opset,
      inputs: inputSpecs(graph),
      outputs: outputSpecs(graph),
      nodes: { before: nodesBefore, after: graph.nodes.length },
    },
    fold: report ? { batchNormalizations: report.batchNormalizations, folds: report.folds } : null,
    parity,
    warnings,
  };
}
