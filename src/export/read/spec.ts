import type { Tensor } from '../../tensor.ts';
import type { SourceLayer, SourceModel } from '../source-model.ts';

/** A layer as its config describes it, before weights are bound to it. */
export interface LayerSpec extends Omit<SourceLayer, 'weights' | 'model'> {
  readonly model: ModelSpec | undefined;
  /** A node that computes something but is no layer, and so owns no place among the weights. */
  readonly isOperation: boolean;
}

export interface ModelSpec extends Omit<SourceModel, 'layers'> {
  readonly className: 'Sequential' | 'Functional';
  readonly trainable: boolean;
  readonly layers: readonly LayerSpec[];
}

/** A weight as the file stores it, before it is known whose it is. */
export interface StoredWeight {
  /** As the file names it: `conv2d_1_1/kernel:0`, `layers/dense/vars/0`. */
  readonly name: string;
  /** Where the file holds it, for messages. */
  readonly path: string;
  readonly shape: readonly number[];
  /** Name of the layer, where the file says it beside the weight (Keras 3.7 and later). */
  readonly owner?: string | undefined;
  tensor(): Tensor<'float32'>;
  /** As {@link SourceWeight.integers}. */
  readonly integers?: (() => Tensor<'int32' | 'bool'>) | undefined;
}

/** The weights of each layer that has any, by Keras's own variable names. */
export type WeightBindings = ReadonlyMap<LayerSpec, readonly NamedWeight[]>;

export interface NamedWeight {
  readonly variable: string;
  readonly stored: StoredWeight;
}
