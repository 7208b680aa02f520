import type { FoldReport, Inputs, Outputs, ParityReport, Provider, ProviderReport, TensorSpec, Timing } from 'edgefold/web'; // prettier-ignore

/** A file as the browser gives it; `path` is relative to the folder that was dropped. */
export interface GivenFile {
  readonly path: string;
  readonly blob: Blob;
}

/** What is known of a model once it is read and folded. */
export interface OpenedModel {
  readonly name: string;
  /** `Keras 3.15.1`, `ONNX, opset 17` */
  readonly format: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly fold: FoldReport;
  readonly sizeBytes: { readonly source: number; readonly unfolded: number; readonly folded: number };
  readonly ms: { readonly read: number; readonly fold: number };
  /** SVG, as text that this page has made. */
  readonly drawings: { readonly before: string; readonly after: string };
  readonly warnings: readonly string[];
}

/** One input, through the model as it was and as it is now. */
export interface BothRuns {
  readonly unfolded: Outputs;
  readonly folded: Outputs;
  readonly ms: { readonly unfolded: number; readonly folded: number };
  readonly report: ProviderReport;
}

export interface Speed {
  readonly provider: Provider;
  readonly report: ProviderReport;
  /** From the bytes of the model to a session, the runtime being there already. */
  readonly createMs: number;
  readonly firstMs: number;
  readonly unfolded: Timing;
  readonly folded: Timing;
}

/** What the page can ask of its worker. */
export interface Studio {
  open(files: readonly GivenFile[]): Promise<OpenedModel>;
  run(inputs: Inputs, provider: Provider): Promise<BothRuns>;
  /** Unfolded against folded on WebAssembly, at every optimisation level. */
  verify(): Promise<ParityReport>;
  /** Folded on WebAssembly against folded on another provider. */
  compare(provider: Provider): Promise<ParityReport>;
  measure(provider: Provider): Promise<Speed>;
  /** The folded model as an ONNX file. */
  model(): Promise<Blob>;
  /** The comparison as one HTML page; `verify` must have been asked for. */
  report(): Promise<Blob>;
}

export type Call = { [K in keyof Studio]: { readonly method: K; readonly args: Parameters<Studio[K]> } }[keyof Studio];
export type Request = Call & { readonly id: number };

/** An error as a worker can send it: the message of an `EdgefoldError` has every part in it. */
export interface Failure {
  readonly message: string;
  readonly hint?: string;
}
export type Response =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: Failure }
  | { readonly progress: string };
