import type { Dim, DType } from '../../tensor.ts';
import type { JsonObject } from '../source-model.ts';

/**
 * Writes the ONNX nodes of a layer that Edgefold does not know: a class of the model's own package, a `Lambda`, an
 * operation without a lowering. It is the caller's own code; nothing of the model's is ever run.
 *
 * @returns what the layer gives: one tensor, or several in Keras's order, each made by `graph` or one of `inputs`.
 * @example
 * // The layer of `class Swish(Layer): call = lambda self, x: x * sigmoid(self.beta * x)`
 * export default {
 *   'MyPackage>Swish': (layer, [x], graph) => {
 *     const scaled = graph.node('Mul', [x, graph.constant(layer.config.beta)]);
 *     return graph.node('Mul', [x, graph.node('Sigmoid', [scaled])]);
 *   },
 * };
 */
export type CustomLayer = (
  layer: CustomLayerSource,
  inputs: readonly CustomTensor[],
  graph: CustomGraph,
) => CustomTensor | readonly CustomTensor[];

/**
 * Custom layers by the class that they stand for, as a message names it (`MyPackage>Swish`, `Swish`), or by the name of
 * one layer, with those of the models around it (`scale`, `features/scale`); that is how a `Lambda` is told from another.
 */
export type CustomLayers = Readonly<Record<string, CustomLayer>>;

/** What the file says of the layer. */
export interface CustomLayerSource {
  readonly name: string;
  readonly className: string;
  readonly config: JsonObject;
  /** Generation of Keras that saved the file. */
  readonly kerasMajor: 2 | 3;
  /** By name where the file has names, and by place (`0`, `1`, …) where it has none. */
  readonly weights: readonly CustomWeight[];
}

export interface CustomWeight {
  readonly name: string;
  readonly shape: readonly number[];
  /** float32, row after row; decoded on call. */
  data(): Float32Array;
}

/** A tensor of the graph, with the shape that Keras sees: images are `[batch, height, width, channels]`. */
export interface CustomTensor {
  /** A number, or the name of a size that is known only when the model runs; `batch` for the batch. */
  readonly shape: readonly Dim[];
  readonly dtype: DType;
}

/** Writes nodes under the layer's name. */
export interface CustomGraph {
  /** ai.onnx version that the nodes must be of. */
  readonly opset: number;
  /**
   * An ONNX node with one output.
   * @param inputs in ONNX's order; `undefined` leaves an optional one out.
   * @param output by default of the shape and dtype of the first input.
   */
  node(opType: string, inputs: readonly (CustomTensor | undefined)[], output?: CustomOutput): CustomTensor;
  /** A number, as a float32 of rank 0; numbers of a shape, float32 unless `dtype` says int64, int32 or bool. */
  constant(value: number | CustomArray): CustomTensor;
  /** A list of integers, int64: the shapes, axes and pads that ONNX takes as inputs. */
  integers(values: readonly number[]): CustomTensor;
  /** The weight of this name or place, as a constant. */
  weight(name: string | number): CustomTensor;
  /** Refuses the layer, as Edgefold does: the reason is listed with those of all other layers. */
  unsupported(reason: string): never;
}

export interface CustomOutput {
  readonly shape?: readonly Dim[];
  readonly dtype?: DType;
  readonly attributes?: Readonly<Record<string, CustomAttribute>>;
}

/** One member says the kind, which a JavaScript number does not: `{ axis: { int: 1 }, alpha: { float: 0.2 } }`. */
export interface CustomAttribute {
  readonly int?: number;
  readonly ints?: readonly number[];
  readonly float?: number;
  readonly floats?: readonly number[];
  readonly string?: string;
}

export interface CustomArray {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
  readonly dtype?: 'float32' | 'int32' | 'int64' | 'bool';
}
