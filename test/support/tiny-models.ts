import { Graph } from '../../src/onnx/graph.ts';
import { float, type Attribute } from '../../src/onnx/attribute.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { float32, type Dim, type DType, type Tensor } from '../../src/tensor.ts';

/** y = opType(x, ...constants): the smallest model with that operator. */
export function oneNode(
  opType: string,
  input: { readonly dtype?: DType; readonly shape: readonly Dim[] },
  output: { readonly dtype?: DType; readonly shape: readonly Dim[] } = input,
  constants: readonly Tensor[] = [],
  attributes: Readonly<Record<string, Attribute>> = {},
): Uint8Array {
  const graph = new Graph('one-node');
  const x = graph.input('x', { dtype: input.dtype ?? 'float32', shape: input.shape });
  const others = constants.map((tensor, i) => graph.constant(`c${String(i)}`, tensor));
  const type = { dtype: output.dtype ?? input.dtype ?? 'float32', shape: output.shape };
  graph.outputs.push(graph.node(opType, { inputs: [x, ...others], attributes, output: { name: 'y', ...type } }));
  return writeOnnx(graph);
}

export interface Layer {
  /** `[inputs][outputs]` */
  readonly weights: readonly (readonly number[])[];
  readonly bias: readonly number[];
}

/** x `[batch, inputs]` → (MatMul, Add, Elu) for each layer → y. */
export function perceptron(layers: readonly Layer[], names = { input: 'x', output: 'y' }): Uint8Array {
  const graph = new Graph('perceptron');
  let value = graph.input(names.input, { dtype: 'float32', shape: ['batch', layers[0]!.weights.length] });
  layers.forEach(({ weights, bias }, i) => {
    const type = { dtype: 'float32', shape: ['batch', bias.length] } as const;
    const kernel = graph.constant(`W${String(i)}`, float32([weights.length, bias.length], weights.flat()));
    const product = graph.node('MatMul', { inputs: [value, kernel], output: { name: `product${String(i)}`, ...type } });
    const shift = graph.constant(`b${String(i)}`, float32([bias.length], bias));
    const sum = graph.node('Add', { inputs: [product, shift], output: { name: `sum${String(i)}`, ...type } });
    const name = i === layers.length - 1 ? names.output : `elu${String(i)}`;
    value = graph.node('Elu', { inputs: [sum], output: { name, ...type } });
  });
  graph.outputs.push(value);
  return writeOnnx(graph);
}

/** The same in float64, row by row. */
export function evaluatePerceptron(layers: readonly Layer[], row: readonly number[]): number[] {
  return layers.reduce<number[]>(
    (x, { weights, bias }) =>
      bias.map((b, o) => {
        const sum = x.reduce((total, value, i) => total + value * weights[i]![o]!, b);
        return sum > 0 ? sum : Math.expm1(sum);
      }),
    [...row],
  );
}

/** Numbers in [−1, 1) from a linear congruential generator, seeded. */
export function noise(seed: number): () => number {
  let state = BigInt(seed) * 2862933555777941757n + 3037000493n;
  return () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return Number(state >> 11n) / 2 ** 52 - 1;
  };
}

/** Random layers of these widths, weights of a size that keeps the values near 1. */
export function randomLayers(widths: readonly number[], seed: number): Layer[] {
  const random = noise(seed);
  return widths.slice(1).map((outputs, i) => ({
    weights: Array.from({ length: widths[i]! }, () =>
      Array.from({ length: outputs }, () => Math.fround(random() * Math.sqrt(3 / widths[i]!))),
    ),
    bias: Array.from({ length: outputs }, () => Math.fround(0.1 * random())),
  }));
}

/** MatMul → BatchNormalization, and the MatMul → Add that is the same over the reals; parameters random. */
export function batchNormalized({ weights }: Layer, seed: number): { unfolded: Uint8Array; folded: Uint8Array } {
  const random = noise(seed);
  const channels = weights[0]!.length;
  const make = (from: number, to: number) =>
    Array.from({ length: channels }, () => Math.fround(from + ((random() + 1) / 2) * (to - from)));
  const [gamma, beta, mean, variance] = [make(0.5, 1.5), make(-1, 1), make(-1, 1), make(0.5, 2)];
  const epsilon = Math.fround(1e-3);
  const scale = gamma.map((g, c) => g / Math.sqrt(variance[c]! + epsilon));
  const graph = (
    parameters: readonly (readonly number[])[],
    kernel: readonly (readonly number[])[],
    opType: string,
  ) => {
    const whole = new Graph('normalized');
    const type = { dtype: 'float32', shape: ['batch', channels] } as const;
    const x = whole.input('x', { dtype: 'float32', shape: ['batch', kernel.length] });
    const W = whole.constant('W', float32([kernel.length, channels], kernel.flat()));
    const product = whole.node('MatMul', { inputs: [x, W], output: { name: 'product', ...type } });
    const others = parameters.map((values, i) => whole.constant(`p${String(i)}`, float32([channels], values)));
    const attributes: Record<string, Attribute> = opType === 'Add' ? {} : { epsilon: float(epsilon) };
    whole.outputs.push(
      whole.node(opType, { inputs: [product, ...others], attributes, output: { name: 'y', ...type } }),
    );
    return writeOnnx(whole);
  };
  const shift = beta.map((b, c) => b - mean[c]! * scale[c]!);
  return {
    unfolded: graph([gamma, beta, mean, variance], weights, 'BatchNormalization'),
    folded: graph([shift], weights.map((row) => row.map((w, c) => w * scale[c]!)), 'Add'), // prettier-ignore
  };
}
