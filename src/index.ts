/**
 * Everything that runs anywhere: reading, exporting, folding, writing and comparing models. A platform entry
 * (`node.ts`, `web.ts`) adds the files and the runtime of its platform.
 */
export { EdgefoldError, type ErrorCode, type ErrorDetails, type NodeAtFault } from './errors.ts';
export { float32, int64, type Dim, type DType, type DTypeArray, type Tensor } from './tensor.ts';

export { Graph, Node, Value, type NodeOptions, type Use, type ValueType } from './onnx/graph.ts';
export { DEFAULT_OPSET, type ModelInfo } from './onnx/model-info.ts';
export { Constant } from './onnx/constant.ts';
export { float, int, ints, string, type Attribute } from './onnx/attribute.ts';
export { readOnnx, type ReadOptions } from './onnx/read.ts';
export { writeOnnx } from './onnx/write.ts';
export { printGraph } from './onnx/print.ts';
export { checkGraph } from './onnx/check.ts';
export { evaluate, type EvaluateOptions } from './onnx/evaluate/evaluate.ts';
export { stampProvenance, type Provenance } from './onnx/provenance.ts';

export { exportModel, exportSource, type ExportedModel, type ExportOptions, type ExportResult } from './export/export-model.ts'; // prettier-ignore
export type { ChangedInput, InputOptions } from './export/model-inputs.ts';
export type {
  CustomArray,
  CustomAttribute,
  CustomGraph,
  CustomLayer,
  CustomLayers,
  CustomLayerSource,
  CustomOutput,
  CustomTensor,
  CustomWeight,
} from './export/custom/custom-layer.ts';
export { inMemoryFiles, readSource } from './export/read/read-source.ts';
export type {
  SourceFile,
  SourceFiles,
  SourceFormat,
  SourceLayer,
  SourceModel,
  SourceWeight,
} from './export/source-model.ts';

export { foldGraph, type FoldOptions } from './fold/fold-graph.ts';
export type { Certificate, Fold, FoldReport, FoldWay, KeptNode, RemovedNode, RoundingCount } from './fold/report.ts';

export { bisect, type Bisection, type BisectOptions } from './parity/bisect.ts';
export { verify, type VerifyOptions } from './parity/verify.ts';
export { reportPage, type ChartLibrary, type PageContents } from './parity/page/page.ts';
export { drawGraphs } from './parity/page/drawing.ts';
export { binLabel } from './parity/ulp-histogram.ts';
export { generateSamples } from './parity/samples.ts';
export { compareTensors } from './parity/metrics.ts';
export { formatMetrics, formatParity } from './parity/format.ts';
export { toleranceFor, TOLERANCES } from './parity/tolerances.ts';
export type { SampleOptions } from './parity/sample-options.ts';
export type { AuditTotals, SiteAudit, TruthMetrics, TruthReport, WorstElement } from './parity/audit/report.ts';
export type { ProofGraphs, ProofOptions } from './parity/proof.ts';
export type { OutputMetrics, ParityReport, ParityRun, Tolerance, Verdict } from './parity/report.ts';
export { bench, type BenchOptions, type Timing } from './runtime/bench.ts';
export { typed, type InputsOf, type ModelSpec, type OutputsOf, type TypedModel } from './runtime/typed.ts';
export { OPTIMIZATION_LEVELS, PROVIDERS } from './runtime/model.ts';
export type {
  Adapter,
  Bound,
  Input,
  Inputs,
  Load,
  LoadOptions,
  LoadProgress,
  LoadSource,
  Model,
  ModelSource,
  OptimizationLevel,
  Outputs,
  Placement,
  Provider,
  ProviderReport,
  RunOptions,
  RuntimeReport,
  StreamOptions,
  TensorSpec,
  Thread,
} from './runtime/model.ts';
