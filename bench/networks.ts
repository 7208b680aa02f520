import { int, ints } from '../src/onnx/attribute.ts';
import { Graph, type Value } from '../src/onnx/graph.ts';
import { newModelInfo } from '../src/onnx/model-info.ts';
import { float32, sizeOf } from '../src/tensor.ts';

/** Networks that are too large to be kept, made afresh from a seed. */

/** The layers of ResNet-50, 25.6 million parameters (102 MB), 53 of 53 Conv with a BatchNormalization behind it. */
export function resNet50(): Graph {
  const network = new Network([1, 3, 224, 224]);
  let x = network.unit(network.input, [3, 64], { kernel: 7, stride: 2 });
  x = network.node('MaxPool', [x], { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) });
  let channels = 64;
  for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
    for (let block = 0; block < blocks; block++) {
      const width = 64 * 2 ** stage;
      x = network.bottleneck(x, [channels, width], stage > 0 && block === 0 ? 2 : 1);
      channels = 4 * width;
    }
  }
  const pooled = network.node('Flatten', [network.node('GlobalAveragePool', [x])]);
  return network.finish(
    network.node('Gemm', [pooled, network.weights([channels, 1000]), network.weights([1000])]),
    [1, 1000],
  );
}

/** `count` nodes: Conv, BatchNormalization and Relu in turn, of 4 channels each. */
export function chain(count: number): Graph {
  const network = new Network([1, 4, 8, 8]);
  let x = network.input;
  while (network.graph.nodes.length < count) x = network.unit(x, [4, 4], { kernel: 1 });
  return network.finish(x, [1, 4, 8, 8]);
}

class Network {
  readonly graph: Graph;
  readonly input: Value;
  readonly #next = randomNumbers(20_261_122);

  constructor(shape: readonly number[]) {
    this.graph = new Graph('network', { ...newModelInfo(), irVersion: 8, opsets: new Map([['', 15]]) });
    this.input = this.graph.input('input', { dtype: 'float32', shape });
  }

  /** An output without a shape is one that onnxsim refuses. */
  finish(output: Value, shape: readonly number[]): Graph {
    output.shape = shape;
    this.graph.outputs.push(output);
    return this.graph;
  }

  node(opType: string, inputs: readonly Value[], attributes = {}): Value {
    return this.graph.node(opType, { inputs, attributes, output: { name: opType.toLowerCase(), dtype: 'float32' } });
  }

  weights(shape: readonly number[]): Value {
    const scale = Math.sqrt(2 / Math.max(1, sizeOf(shape.slice(1))));
    return this.graph.constant('weights', float32(shape, Float32Array.from({ length: sizeOf(shape) }, () => (this.#next() - 0.5) * scale))); // prettier-ignore
  }

  /** Conv, BatchNormalization, Relu. */
  unit(x: Value, [from, to]: readonly [number, number], { kernel = 1, stride = 1, relu = true }): Value {
    const pad = (kernel - 1) / 2;
    const attributes = { kernel_shape: ints([kernel, kernel]), strides: ints([stride, stride]), pads: ints([pad, pad, pad, pad]), group: int(1) }; // prettier-ignore
    const convolved = this.node('Conv', [x, this.weights([to, from, kernel, kernel])], attributes);
    const statistics = [0.5, -0.5, -0.5, 0.5].map((low) => this.#vector(to, low));
    const normalised = this.node('BatchNormalization', [convolved, ...statistics]);
    return relu ? this.node('Relu', [normalised]) : normalised;
  }

  bottleneck(x: Value, [from, width]: readonly [number, number], stride: number): Value {
    const out = 4 * width;
    const shortcut = from === out ? x : this.unit(x, [from, out], { stride, relu: false });
    const narrow = this.unit(this.unit(x, [from, width], {}), [width, width], { kernel: 3, stride });
    const wide = this.unit(narrow, [width, out], { relu: false });
    return this.node('Relu', [this.node('Add', [wide, shortcut])]);
  }

  #vector(length: number, low: number): Value {
    return this.graph.constant(
      'statistics',
      float32(
        [length],
        Float32Array.from({ length }, () => low + this.#next()),
      ),
    );
  }
}

/** Uniform in [0, 1): a linear congruential generator modulo 2³². */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}
