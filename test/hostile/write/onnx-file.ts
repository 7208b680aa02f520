import { eighths, floats, joined, uint, utf8 } from './bytes.ts';
import { field, float, int } from './protobuf.ts';

/** ONNX messages by hand. Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
export const FLOAT = 1;
export const INT64 = 7;

interface TensorParts {
  readonly type?: number;
  readonly raw?: Uint8Array;
  /** More fields, or others in the place of the data. */
  readonly data?: Uint8Array;
}

/** A float32 tensor of eighths unless its parts say otherwise. */
export function tensor(name: string, dims: readonly (number | bigint)[], parts: TensorParts = {}): Uint8Array {
  const count = dims.reduce<number>((size, dim) => size * Number(dim), 1);
  const content = parts.data ?? field(9, parts.raw ?? floats(eighths(count)));
  return joined(...dims.map((dim) => int(1, dim)), int(2, parts.type ?? FLOAT), field(8, name), content);
}

export const ints64 = (name: string, values: readonly (number | bigint)[]): Uint8Array =>
  tensor(name, [values.length], { type: INT64, raw: joined(...values.map((value) => uint(value, 8))) });

export const entry = (key: string, value: string): Uint8Array => joined(field(1, key), field(2, value));

/** Elements in another file. */
export function external(
  name: string,
  dims: readonly number[],
  entries: Readonly<Record<string, string>> | readonly (readonly [string, string])[],
): Uint8Array {
  const list: readonly (readonly [string, string])[] = entries instanceof Array ? entries : Object.entries(entries);
  const data = joined(...list.map(([key, value]) => field(13, entry(key, value))), int(14, 1));
  return tensor(name, dims, { data });
}

type AttributeValue = number | bigint | string | Uint8Array | readonly number[] | { readonly float: number } | { readonly graph: Uint8Array } | { readonly tensor: Uint8Array }; // prettier-ignore

export function attribute(name: string, value: AttributeValue): Uint8Array {
  return joined(field(1, name), attributeContent(value));
}

function attributeContent(value: AttributeValue): Uint8Array {
  if (typeof value === 'number' || typeof value === 'bigint') return joined(int(3, value), int(20, 2));
  if (typeof value === 'string') return joined(field(4, value), int(20, 3));
  if (value instanceof Uint8Array) return value;
  if ('float' in value) return joined(float(2, value.float), int(20, 1));
  if ('graph' in value) return joined(field(6, value.graph), int(20, 5));
  if ('tensor' in value) return joined(field(5, value.tensor), int(20, 4));
  return joined(...value.map((each) => int(8, each)), int(20, 7));
}

export function node(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  domain = '',
): Uint8Array {
  return joined(
    ...inputs.map((name) => field(1, name)),
    ...outputs.map((name) => field(2, name)),
    field(3, `${op}_${outputs[0] ?? ''}`),
    field(4, op),
    ...Object.entries(attributes).map(([name, value]) => field(5, attribute(name, value))),
    ...(domain === '' ? [] : [field(7, domain)]),
  );
}

export function info(name: string, dims: readonly (number | string)[], type = FLOAT): Uint8Array {
  const shape = dims.map((dim) => field(1, typeof dim === 'number' ? int(1, dim) : field(2, dim)));
  return joined(field(1, name), field(2, field(1, int(1, type), field(2, ...shape))));
}

export interface GraphParts {
  readonly nodes: readonly Uint8Array[];
  readonly initializers?: readonly Uint8Array[];
  readonly inputs?: readonly Uint8Array[];
  readonly outputs?: readonly Uint8Array[];
  readonly name?: string;
  readonly more?: readonly Uint8Array[];
}

export function graph({
  nodes,
  initializers = [],
  inputs = [],
  outputs = [],
  name = 'g',
  more = [],
}: GraphParts): Uint8Array {
  // prettier-ignore
  return joined(
    ...nodes.map((each) => field(1, each)),
    field(2, name),
    ...initializers.map((each) => field(5, each)),
    ...inputs.map((each) => field(11, each)),
    ...outputs.map((each) => field(12, each)),
    ...more,
  );
}

export const opset = (version: number | bigint, domain = ''): Uint8Array =>
  field(8, ...(domain === '' ? [] : [field(1, domain)]), int(2, version));

export interface ModelParts {
  readonly ir?: number | bigint;
  readonly opsets?: readonly Uint8Array[];
  readonly more?: readonly Uint8Array[];
}

/** The graph comes last, so that what is cut off a file is cut off the graph. */
export function model(content: Uint8Array, { ir = 8, opsets = [opset(17)], more = [] }: ModelParts = {}): Uint8Array {
  return joined(int(1, ir), ...opsets, ...more, field(7, content));
}

const W = Array.from({ length: 12 }, (_, i) => (((i * 7) % 11) - 5) / 8);
const PARAMETERS = { gamma: [1, 2, -1, 0.5], beta: [0, 1, -2, 3], mean: [0.5, -1, 2, 0], variance: [0.75, 3.75, 15.75, 0] } as const; // prettier-ignore
const EPSILON = 0.25;

/** What the models below are given. */
export const X = { dtype: 'float32', shape: [2, 3], data: Float32Array.of(1, -2, 0.5, 3, 0, -1) } as const;

/** y = gamma · (x·W − mean) / √(variance + epsilon) + beta, in float64. */
export function normalizedAnswer(
  parameters: Readonly<Record<keyof typeof PARAMETERS, readonly number[]>> = PARAMETERS,
): number[] {
  // prettier-ignore
  const { gamma, beta, mean, variance } = parameters;
  return Array.from({ length: 8 }, (_, i) => {
    const [row, c] = [Math.floor(i / 4), i % 4];
    const product = [0, 1, 2].reduce((sum, k) => sum + X.data[row * 3 + k]! * W[k * 4 + c]!, 0);
    return (gamma[c]! * (product - mean[c]!)) / Math.sqrt(variance[c]! + EPSILON) + beta[c]!;
  });
}

/** y = x·W, in float64. */
export const productAnswer = (): number[] =>
  Array.from({ length: 8 }, (_, i) =>
    [0, 1, 2].reduce((sum, k) => sum + X.data[Math.floor(i / 4) * 3 + k]! * W[k * 4 + (i % 4)]!, 0),
  );

export const weightBytes = (): Uint8Array => floats(W);
export const parameterBytes = (name: keyof typeof PARAMETERS): Uint8Array => floats(PARAMETERS[name]);

/** The initializers of {@link normalized}, by name. */
export const initializers = (): Record<string, Uint8Array> => ({
  W: tensor('W', [3, 4], { raw: weightBytes() }),
  gamma: tensor('gamma', [4], { raw: parameterBytes('gamma') }),
  beta: tensor('beta', [4], { raw: parameterBytes('beta') }),
  mean: tensor('mean', [4], { raw: parameterBytes('mean') }),
  variance: tensor('variance', [4], { raw: parameterBytes('variance') }),
});

export const product = (): Uint8Array => node('MatMul', ['x', 'W'], ['p']);
export const batchNormalization = (
  attributes: Readonly<Record<string, AttributeValue>> = { epsilon: { float: EPSILON } },
): Uint8Array =>
  // prettier-ignore
  node('BatchNormalization', ['p', 'gamma', 'beta', 'mean', 'variance'], ['y'], attributes);

export interface NormalizedParts extends Partial<GraphParts>, ModelParts {
  /** Initializers in the place of those of the same name, or beside them. */
  readonly replace?: Readonly<Record<string, Uint8Array>>;
}

/** x `[n, 3]` → MatMul → BatchNormalization → y `[n, 4]`, with parts of it replaced. */
export function normalized({ replace = {}, ir, opsets, ...parts }: NormalizedParts = {}): Uint8Array {
  const { more: modelMore, ...graphParts } = { more: undefined, ...parts };
  const content = graph({
    nodes: [product(), batchNormalization()],
    initializers: Object.values({ ...initializers(), ...replace }),
    inputs: [info('x', ['n', 3])],
    outputs: [info('y', ['n', 4])],
    ...graphParts,
    more: modelMore ?? [],
  });
  return model(content, { ...(ir !== undefined && { ir }), ...(opsets && { opsets }) });
}

export const metadata = (key: string, value: string): Uint8Array => field(14, entry(key, value));
export { field, int, utf8 };
