import type { ErrorCode } from '../errors.ts';
import type { ChangedInput } from '../export/model-inputs.ts';
import type { Fold, FoldReport, KeptNode } from '../fold/report.ts';
import type { SourceDigest } from '../onnx/provenance.ts';
import type { SiteAudit } from '../parity/audit/report.ts';
import type { ParityReport } from '../parity/report.ts';
import type { Timing } from '../runtime/bench.ts';
import type { Provider } from '../runtime/model.ts';
import type { Dim, DType } from '../tensor.ts';

/*
 * The documents that `--json` prints. Numbers that JSON has no form for are the strings "NaN", "Infinity" and
 * "-Infinity"; 64-bit integers beyond 2⁵³ are strings of digits.
 */

/** An input or output. A dimension is a size or a symbol; `null` stands for what neither the file nor its graph says. */
export interface SpecJson {
  readonly name: string;
  readonly dtype: DType | null;
  readonly shape: readonly Dim[] | null;
}

/** An ONNX file that was read or written. */
export interface ModelJson {
  /** `null` when it was made in memory only. */
  readonly path: string | null;
  readonly sizeBytes: number;
  readonly opset: number;
  readonly inputs: readonly SpecJson[];
  readonly outputs: readonly SpecJson[];
  readonly nodes: { readonly before: number; readonly after: number };
}

/** What the report says of the folds; the SHA-256 of its canonical JSON is `provenance.certificates`. */
export type FoldJson = Pick<FoldReport, 'batchNormalizations' | 'folds' | 'removed' | 'written'>;

/** What the written model's metadata say of where it comes from. */
export interface ProvenanceJson {
  readonly tool: string;
  readonly sources: readonly SourceDigest[];
  /** `null` where nothing was folded. */
  readonly certificates: string | null;
}

export interface SourceJson {
  readonly path: string;
  readonly format: string;
  readonly kerasVersion: string;
  /** Images that the written model takes in another form than the source. */
  readonly changedInputs: readonly ChangedInput[];
}

/** Parity, or why it was not asked for. */
export type ParityJson = ParityReport | { readonly verdict: 'not-run'; readonly reason: string };

/** `edgefold fold --json`; `export` adds `source`, and `fold` is `null` with `--no-fold`. */
export interface FoldDocument {
  /** `null` when parity failed and nothing was written; the other fields then tell of the model that was made. */
  readonly written: string | null;
  readonly source?: SourceJson;
  readonly model: ModelJson;
  readonly fold: FoldJson | null;
  /** `null` for an ONNX file that folding has left as it was. */
  readonly provenance: ProvenanceJson | null;
  readonly parity: ParityJson;
  readonly warnings: readonly string[];
}

/** `edgefold verify --json`. */
export interface VerifyDocument {
  readonly reference: string;
  readonly candidate: string;
  readonly parity: ParityReport;
}

/** `edgefold bisect --json`. */
export interface BisectDocument {
  readonly reference: string;
  readonly candidate: string;
  readonly verdict: 'found' | 'none' | 'unproven';
  /** Why nothing was found. */
  readonly reason?: string;
  /** Parts in which the two models differ, and how many in front of the one that was found are right. */
  readonly sites: number;
  readonly before?: number;
  readonly site?: SiteAudit;
  /** Both ways of computing the tensor, and what they are given. */
  readonly written?: {
    readonly reference: string;
    readonly candidate: string;
    readonly inputs: readonly { readonly name: string; readonly path: string }[];
  };
}

/** One of the four variables of a BatchNormalization. */
export interface VariableJson {
  readonly role: 'gamma' | 'beta' | 'mean' | 'variance';
  /** Its name in the file; `null` where the file holds none and the role's default (1 or 0) applies. */
  readonly name: string | null;
  /** Where the file holds it. */
  readonly path: string | null;
  readonly shape: readonly Dim[] | null;
  /** `null` in ONNX, which does not say. */
  readonly trainable: boolean | null;
}

export interface BatchNormalizationJson {
  readonly name: string;
  readonly epsilon: number;
  readonly momentum: number;
  readonly axis: readonly number[];
  readonly variables: readonly VariableJson[];
  /** One entry for each place in the graph; a layer called twice has two. */
  readonly fate: readonly FateJson[];
}

export type FateJson =
  | ({ readonly outcome: 'folded' } & Pick<Fold, 'direction' | 'into' | 'leaves'>)
  | ({ readonly outcome: 'kept' } & KeptNode)
  | { readonly outcome: 'unknown'; readonly reason: string };

export interface ParametersJson {
  readonly total: number;
  /** `null` in ONNX, which does not say. */
  readonly trainable: number | null;
  readonly nonTrainable: number | null;
}

/** A Keras layer, or an ONNX node. */
export interface PartJson {
  readonly name: string;
  readonly type: string;
  /** Shapes of its outputs, as far as they are known. */
  readonly outputShapes: readonly (readonly Dim[] | null)[];
  /** Its own; those of a model used as a layer stand at the layers inside it. */
  readonly parameters: ParametersJson;
  /** Names of the parts whose outputs it reads. */
  readonly reads: readonly string[];
  /** For a layer: the nodes that it has become, after folding; `null` if the model cannot be exported. */
  readonly nodes?: readonly { readonly name: string; readonly opType: string }[] | null;
}

/** `edgefold inspect --json`. */
export interface InspectDocument {
  readonly path: string;
  readonly format: string;
  /** Version of Keras or TF.js that wrote it, or of ai.onnx. */
  readonly version: string;
  readonly sizeBytes: number;
  readonly inputs: readonly SpecJson[] | null;
  readonly outputs: readonly SpecJson[] | null;
  readonly parts: readonly PartJson[];
  readonly parameters: ParametersJson;
  readonly batchNormalizations: readonly BatchNormalizationJson[];
  /** Why the file cannot be exported or folded; `null` when it can. */
  readonly obstacle: ErrorDocument['error'] | null;
  readonly warnings: readonly string[];
}

/** `edgefold types --json`. */
export interface TypesDocument {
  readonly model: string;
  /** `null` where it was only shown. */
  readonly output: string | null;
  readonly inputs: readonly SpecJson[];
  readonly outputs: readonly SpecJson[];
  /** The TypeScript module. */
  readonly module: string;
}

/** `edgefold run --json`. */
export interface RunDocument {
  readonly model: string;
  readonly provider: Provider;
  /** What became of each input file on its way to the model. */
  readonly inputs: Readonly<
    Record<string, { readonly path: string; readonly shape: readonly number[]; readonly notes: readonly string[] }>
  >;
  readonly outputs: Readonly<
    Record<string, { readonly dtype: DType; readonly shape: readonly number[]; readonly data: readonly unknown[] }>
  >;
}

/** `edgefold bench --json`. Times are milliseconds. */
export interface BenchDocument {
  readonly provider: Provider;
  readonly threads: number;
  readonly runtime: { readonly package: string; readonly version: string };
  /** How long the runs of each batch size were counted and warmed up. */
  readonly seconds: number;
  readonly models: readonly BenchModelJson[];
  /** A row for each batch size and model. */
  readonly warm: readonly BenchRowJson[];
}

export interface BenchModelJson {
  readonly name: string;
  readonly sizeBytes: number;
  /** In a process in which nothing has run before: loading the runtime's code, making the session, the first run. */
  readonly cold: { readonly runtimeMs: number; readonly createMs: number; readonly firstMs: number };
}

export interface BenchRowJson extends Timing {
  readonly batch: number;
  readonly model: string;
  /** How many times as fast as the first model, by the medians. */
  readonly speedup: number;
}

export interface ProviderJson {
  readonly name: string;
  readonly works: boolean;
  /** What the runtime said where it does not work. */
  readonly reason: string | null;
  readonly ms: number | null;
}

/** `edgefold doctor --json`. */
export interface DoctorDocument {
  readonly ok: boolean;
  readonly edgefold: string;
  readonly node: string;
  readonly platform: string;
  readonly cpu: { readonly model: string; readonly count: number };
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
  readonly runtime: {
    readonly package: string;
    readonly version: string | null;
    readonly telemetry: 'off' | 'unknown';
  };
  readonly providers: readonly ProviderJson[];
}

/** Any verb that ends with exit code 1, with `--json`. */
export interface ErrorDocument {
  readonly error: {
    /** `BUG` is a fault of Edgefold's own. */
    readonly code: ErrorCode | 'BUG';
    readonly message: string;
    readonly where: string | null;
    readonly expected: string | null;
    readonly received: string | null;
    readonly hint: string | null;
    readonly stack?: string;
  };
}

/** JSON with two spaces a level and lists of plain values on one line, so that tensors stay readable. */
export function toJson(value: unknown, indent = ''): string {
  if (value === null || typeof value !== 'object') return scalar(value);
  const inner = `${indent}  `;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const items = Array.from(value as ArrayLike<unknown>);
    if (items.every((item) => item === null || typeof item !== 'object')) return `[${items.map(scalar).join(', ')}]`;
    return `[\n${items.map((item) => inner + toJson(item, inner)).join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (entries.length === 0) return '{}';
  return `{\n${entries.map(([key, item]) => `${inner}${quoted(key)}: ${toJson(item, inner)}`).join(',\n')}\n${indent}}`;
}

function scalar(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? numeral(value) : quoted(String(value));
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? String(value) : quoted(String(value));
  if (typeof value === 'string') return quoted(value);
  return typeof value === 'boolean' ? String(value) : 'null';
}

/** JSON has −0, and a comparison of models needs it; `JSON.stringify` drops the sign. */
function numeral(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** A JSON string without raw control characters of any kind: C1 (`U+009B` is CSI) and bidirectional marks too. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
