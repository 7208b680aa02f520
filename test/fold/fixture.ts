import { float, type Attribute } from '../../src/onnx/attribute.ts';
import { Graph, type Value } from '../../src/onnx/graph.ts';
import { newModelInfo } from '../../src/onnx/model-info.ts';
import { float32, int64, sizeOf, type Dim, type DType } from '../../src/tensor.ts';

type Attributes = Readonly<Record<string, Attribute>>;

/** √(variance + epsilon) is exactly 2. */
const EPSILON = 2 ** -10;
const VARIANCE = 4 - EPSILON;

export interface BatchNormalizationParts {
  /** Divided by 2 they are the scales; powers of two by default, some negative. */
  readonly gamma?: readonly number[];
  readonly beta?: readonly number[];
  readonly mean?: readonly number[];
  readonly attributes?: Attributes;
}

/**
 * A graph whose constants are small integers and whose scales are powers of two: every sum and product in it is exact
 * in float32, so that folded and unfolded must agree to the bit, in any order of summation.
 */
export class Fixture {
  readonly graph: Graph;
  #seed = 1;

  constructor(opset = 17) {
    this.graph = new Graph('fixture', newModelInfo(Math.min(Math.max(opset, 13), 21)));
    if (opset !== this.graph.opset) this.graph.model.opsets.set('', opset);
  }

  input(shape: readonly Dim[], name = 'x', dtype: DType = 'float32'): Value {
    return this.graph.input(name, { dtype, shape });
  }

  /** Integers from −3 to 3, the same for the same order of calls. */
  integers(shape: readonly number[], name = 'W'): Value {
    return this.graph.constant(
      name,
      float32(
        shape,
        Array.from({ length: sizeOf(shape) }, () => this.#next(7) - 3),
      ),
    );
  }

  shape(values: readonly number[], name = 'shape'): Value {
    return this.graph.constant(name, int64(values));
  }

  node(opType: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}, name = ''): Value {
    const given = inputs.slice(0, inputs.findLastIndex(Boolean) + 1);
    return this.graph.node(opType, { inputs: given, attributes, output: { name: name || opType.toLowerCase() } });
  }

  batchNormalization(x: Value, channels: number, parts: BatchNormalizationParts = {}, name = 'bn'): Value {
    const { gamma = this.gammas(channels), attributes = {} } = parts;
    const vector = (role: string, values: readonly number[]) =>
      this.graph.constant(`${name}_${role}`, float32([channels], values));
    const random = () => Array.from({ length: channels }, () => this.#next(5) - 2);
    const inputs = [
      x,
      vector('gamma', gamma),
      vector('beta', parts.beta ?? random()),
      vector('mean', parts.mean ?? random()),
      vector('var', new Array<number>(channels).fill(VARIANCE)),
    ];
    return this.node('BatchNormalization', inputs, { epsilon: float(EPSILON), ...attributes }, name);
  }

  /** Powers of two, no two neighbours alike, every third negative. */
  gammas(channels: number): number[] {
    return Array.from({ length: channels }, (_, c) => [1, 2, -4, 8, 2, -1, 4][(c + this.#next(3)) % 7]!);
  }

  done(...outputs: readonly Value[]): Graph {
    this.graph.outputs.push(...outputs);
    return this.graph;
  }

  #next(range: number): number {
    this.#seed = (this.#seed * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((this.#seed / 2 ** 31) * range);
  }
}
