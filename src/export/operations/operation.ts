import type { GraphWriter } from '../graph-writer.ts';
import type { Handle } from '../layout.ts';
import type { OperationCall } from './operation-call.ts';

/**
 * An operation on tensors, whoever wrote it: `x + 1` in the code of a model is a class of `keras.ops` in Keras 3 (`Add`),
 * a function of TensorFlow in a `TFOpLambda` (`math.add`), and a node of its graph in a `TensorFlowOpLayer` (`raw.AddV2`).
 */
export interface Operation {
  /** In the three vocabularies; those of TensorFlow's functions without their modules, as {@link operationName} makes them. */
  readonly names: readonly string[];
  /**
   * The parameters in the order in which they are given, each with all the names that it has in the three, the first
   * being the one that {@link lower} asks for. Keras 3 gives tensors in order and keeps the rest in the configuration.
   */
  readonly parameters: readonly string[];
  /** Shapes, axes and broadcasting are those of numpy, on the tensors as Keras sees them. */
  readonly lower: (call: OperationCall, graph: GraphWriter) => Handle | readonly Handle[];
}
