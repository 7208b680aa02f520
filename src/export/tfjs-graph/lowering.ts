import type { GraphWriter } from '../graph-writer.ts';
import type { Handle } from '../layout.ts';
import type { Operand } from './operand.ts';
import type { Operator } from './operator.ts';

/** What a node gives: tensors of the graph, or operands that are known without them. */
export type Result = Handle | Operand;

/** How TensorFlow operators become ONNX nodes. One or more per file of `operators/`. */
export interface OperatorLowering {
  /** Names in the GraphDef. */
  readonly ops: readonly string[];
  /** @throws {EdgefoldError} UNSUPPORTED or CORRUPT, by way of the methods of `op`. */
  lower(op: Operator, graph: GraphWriter): Result | readonly Result[];
}

export function isHandle(result: Result): result is Handle {
  return 'value' in result;
}
