import type { GraphWriter } from './graph-writer.ts';
import type { Layer } from './layer.ts';
import type { Handle } from './layout.ts';

/** How the layers of one or more Keras classes become ONNX nodes. One per file of `layers/`. */
export interface LayerLowering {
  /** Keras's names of the classes, as {@link SourceLayer.className} has them. */
  readonly classNames: readonly string[];
  /** One line for the table of supported layers. */
  readonly note: string;
  /** What surprises: differences between the generations of Keras, and what is refused, in a line for the same table. */
  readonly traps?: string;
  /** Whether the layer takes a list of tensors; the others take exactly one. */
  readonly merges?: boolean;
  /** What `training=True` would do in the model: then the layer is no function of its input, and is refused. */
  readonly inTraining?: string;
  /** What becomes of a Keras mask: passed on, made or read here (`own`), or, by default, dropped. */
  readonly mask?: 'keeps' | 'own';
  /**
   * @param inputs at least one; exactly one unless {@link merges}.
   * @returns what the layer gives, several tensors in Keras's order.
   * @throws {EdgefoldError} UNSUPPORTED, WEIGHTS or CORRUPT, by way of the methods of `layer`.
   */
  lower(layer: Layer, inputs: readonly [Handle, ...Handle[]], graph: GraphWriter): Handle | readonly Handle[];
}
