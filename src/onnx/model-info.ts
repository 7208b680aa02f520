import { EdgefoldError } from '../errors.ts';

/** What a file says besides its main graph; one object shared by the graph and all of its subgraphs. */
export interface ModelInfo {
  irVersion: number;
  /** Operator set version by domain; `''` is ai.onnx. */
  readonly opsets: Map<string, number>;
  /** `metadata_props`, in file order. */
  readonly metadata: Map<string, string>;
  producerName: string;
  producerVersion: string;
  /** Names of model-local functions as `domain:name`; calls to them are nodes, never standard operators. */
  functions: ReadonlySet<string>;
  /** The message as read; only `onnx/proto` looks inside. */
  source: unknown;
}

export const DEFAULT_OPSET = 17;
/** The IR version that came with each opset this tool writes: the oldest runtime that knows the opset reads it. */
export const IR_VERSION_OF_OPSET: Readonly<Record<number, number>> = {
  13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10,
}; // prettier-ignore

export function newModelInfo(opset = DEFAULT_OPSET): ModelInfo {
  const irVersion = IR_VERSION_OF_OPSET[opset];
  if (irVersion === undefined) {
    throw new EdgefoldError('USAGE', 'this opset cannot be written', {
      expected: `one of ${Object.keys(IR_VERSION_OF_OPSET).join(', ')}`,
      received: String(opset),
    });
  }
  return {
    irVersion,
    opsets: new Map([['', opset]]),
    metadata: new Map(),
    producerName: 'edgefold',
    producerVersion: '',
    functions: new Set(),
    source: undefined,
  };
}
