import type { FoldReport } from '../fold/report.ts';
import type { Graph } from '../onnx/graph.ts';
import { sha256, sourceDigests } from '../files/digest.ts';
import type { OpenedSource } from '../files/source.ts';
import { writeFileWhole, writeModelFiles, type OutputOptions, type WrittenModel } from '../files/write.ts';
import { canonicalJson } from '../onnx/canonical-json.ts';
import { stampProvenance } from '../onnx/provenance.ts';
import type { ExternalData } from '../onnx/read.ts';
import type { OriginalModel } from '../parity/original/tfjs.ts';
import type { ProofGraphs } from '../parity/proof.ts';
import type { WriteOptions } from '../onnx/write.ts';
import type { ModelSource } from '../runtime/model.ts';
import type { Arguments } from './arguments.ts';
import type { Outcome } from './command.ts';
import { withCandidate, type Candidate } from './candidate.ts';
import { conversionText } from './conversion-text.ts';
import { inputSpecs, outputSpecs } from './graph-specs.ts';
import type { FoldDocument, FoldJson, ParityJson, ProvenanceJson, SourceJson } from './json.ts';
import { refuseOverInput } from './output-file.ts';
import { comparePair, notAskedFor, type Evidence, type ParitySettings } from './parity-check.ts';
import type { Progress } from './progress.ts';
import { readVersion } from './version.ts';
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
  /** The graph of the reference. */
  readonly unfolded?: Graph;
  readonly output: string;
  /** Weights in other files go into the result. */
  readonly externalData?: ExternalData;
  readonly file: OpenedSource;
  /** Whether the graph is not simply what was read. */
  readonly isNew: boolean;
  readonly source?: SourceJson;
  /** Loads the model that was exported in its own framework, where that was asked for. */
  readonly original?: () => Promise<OriginalModel>;
  readonly warnings: readonly string[];
}

/** Compares, and writes only what passed: a model that fails leaves no file. */
export async function deliver(
  delivery: Delivery,
  settings: ParitySettings,
  args: Arguments,
  progress: Progress,
): Promise<Outcome> {
  const { graph, reference, output, file, externalData } = delivery;
  const { pathsRead } = file;
  // Weights in other files are read while the result is written; it must not take the place of one of them.
  const guarded =
    (read: ExternalData): ExternalData =>
    (location, offset, length) => {
      const bytes = read(location, offset, length);
      refuseOverInput(output, pathsRead);
      return bytes;
    };
  const options = {
    force: args.flag('force'),
    removeReplacedData: true,
    ...(externalData && { externalData: guarded(externalData) }),
  };
  // The files beside a source have been read by now.
  refuseOverInput(output, pathsRead);
  const provenance = delivery.isNew ? await stamped(delivery) : null;
  let parity: ParityJson = notAskedFor();
  let made: Candidate | undefined;
  if (reference) {
    progress.step('comparing');
    parity = await withCandidate(graph, output, options, (candidate) => {
      made = candidate;
      return comparePair(reference(), candidate.model, settings, progress, evidenceOf(delivery));
    });
  }
  const accepted = !reference || parity.verdict === 'pass';
  progress.step('writing');
  const written = accepted ? await heldSignals(() => write(delivery, made, options)) : undefined;
  const document = documentOf(delivery, { parity, provenance, written, sizeBytes: made?.sizeBytes ?? 0 });
  return { document, table: () => conversionText(document, args.flag('explain')), exitCode: accepted ? 0 : 2 };
}

function evidenceOf(delivery: Delivery): Evidence {
  const { original } = delivery;
  return { graphs: proofGraphs(delivery), ...(original && { original }) };
}

function proofGraphs({ graph, unfolded, report, externalData }: Delivery): ProofGraphs | undefined {
  return unfolded && { reference: unfolded, candidate: graph, folds: report?.folds ?? [], ...(externalData && { externalData }) }; // prettier-ignore
}

/** What was compared is what is written, unless it went through files of its own. */
async function write(
  { graph, output, file }: Delivery,
  made: Candidate | undefined,
  options: OutputOptions & WriteOptions,
): Promise<WrittenModel> {
  if (!(made?.model instanceof Uint8Array)) return writeModelFiles(output, graph, options);
  refuseOverInput(output, file.pathsRead);
  const sizeBytes = await writeFileWhole(output, [made.model], options);
  return { path: output, sizeBytes, data: undefined };
}

async function stamped({ graph, report, file }: Delivery): Promise<ProvenanceJson> {
  const tool = `edgefold ${readVersion()}`;
  const sources = await sourceDigests(file);
  const certificates = report ? sha256(canonicalJson(foldJson(report))) : null;
  stampProvenance(graph, { tool, sources, ...(certificates !== null && { certificates }) });
  return { tool, sources, certificates };
}

const foldJson = ({ batchNormalizations, folds, removed, written }: FoldReport): FoldJson => ({
  batchNormalizations,
  folds,
  removed,
  written,
});

interface Result extends Pick<FoldDocument, 'parity' | 'provenance'> {
  readonly written: WrittenModel | undefined;
  readonly sizeBytes: number;
}

function documentOf(
  { graph, report, nodesBefore, source, warnings }: Delivery,
  { parity, provenance, written, sizeBytes }: Result,
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
    fold: report ? foldJson(report) : null,
    provenance,
    parity,
    warnings,
  };
}
