import { float, int, ints, type Attribute } from '../../../src/onnx/attribute.ts';
import { Graph, type Value } from '../../../src/onnx/graph.ts';
import { float32, sizeOf, type Dim } from '../../../src/tensor.ts';
import { noise } from '../../support/runnable-models.ts';

type Attributes = Readonly<Record<string, Attribute>>;

/** Writes networks of random real weights. */
export class Network {
  readonly graph = new Graph('network');
  readonly #random: () => number;

  constructor(seed = 1) {
    this.#random = noise(seed);
  }

  input(shape: readonly Dim[], name = 'x'): Value {
    return this.graph.input(name, { dtype: 'float32', shape });
  }

  weights(shape: readonly number[], name = 'W'): Value {
    const scale = Math.sqrt(3 / sizeOf(shape.slice(1)));
    return this.vector(name, sizeOf(shape), () => scale * this.#random(), shape);
  }

  vector(name: string, count: number, make: () => number, shape: readonly number[] = [count]): Value {
    return this.graph.constant(name, float32(shape, Array.from({ length: count }, make))); // prettier-ignore
  }

  node(opType: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}, name = ''): Value {
    return this.graph.node(opType, { inputs, attributes, output: { name: name || opType.toLowerCase() } });
  }

  conv(x: Value, [M, C]: readonly [number, number], kernel = 3, attributes: Attributes = {}, name = ''): Value {
    const pad = (kernel - 1) / 2;
    const given = { pads: ints([pad, pad, pad, pad]), ...attributes };
    return this.node('Conv', [x, this.weights([M, C, kernel, kernel], `${name || 'conv'}_W`)], given, name || 'conv');
  }

  norm(x: Value, C: number, name = 'norm'): Value {
    const random = this.#random;
    const parameters = [
      this.vector(`${name}_gamma`, C, () => 1 + 0.5 * random()),
      this.vector(`${name}_beta`, C, random),
      this.vector(`${name}_mean`, C, random),
      this.vector(`${name}_var`, C, () => 0.6 + 0.5 * random()),
    ];
    return this.node('BatchNormalization', [x, ...parameters], { epsilon: float(1e-2) }, name);
  }

  done(...outputs: readonly Value[]): Graph {
    this.graph.outputs.push(...outputs);
    return this.graph;
  }
}

/** Convolutions with groups and borders, pooling, a residual, and a Dense at the end; 5 BatchNormalizations. */
export function smallNetwork(): Graph {
  const net = new Network(3);
  const first = net.node('Relu', [net.norm(net.conv(net.input(['batch', 3, 11, 7]), [8, 3], 3, {}, 'stem'), 8, 'bn1')]);
  const deep = net.norm(net.conv(first, [8, 1], 3, { group: int(8) }, 'depthwise'), 8, 'bn2');
  const point = net.norm(net.conv(net.node('Relu', [deep]), [8, 8], 1, {}, 'pointwise'), 8, 'bn3');
  const sum = net.node('Relu', [net.node('Add', [point, first])]);
  const pooled = net.node('MaxPool', [net.conv(sum, [6, 4], 3, { group: int(2) }, 'grouped')], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }); // prettier-ignore
  const flat = net.node('Flatten', [net.node('GlobalAveragePool', [net.norm(pooled, 6, 'bn4')])]);
  const dense = net.node('Gemm', [flat, net.weights([6, 5], 'dense_W')], {}, 'dense');
  return net.done(net.norm(dense, 5, 'bn5'));
}

/** A BatchNormalization in front of a Conv without padding, and of a Dense. */
export function forwardNetwork(): Graph {
  const net = new Network(8);
  const x = net.input(['batch', 4, 9, 9]);
  const y = net.conv(net.norm(net.node('Relu', [x]), 4, 'bn1'), [7, 4], 3, { pads: ints([0, 0, 0, 0]) }, 'valid');
  const flat = net.node('Flatten', [net.node('GlobalAveragePool', [net.node('Relu', [y])])]);
  const dense = net.node(
    'Gemm',
    [net.norm(net.node('Relu', [flat]), 7, 'bn2'), net.weights([7, 5], 'dense_W')],
    {},
    'dense',
  );
  return net.done(dense);
}
