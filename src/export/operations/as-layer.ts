import { float32 } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import type { JsonObject, SourceWeight } from '../source-model.ts';
import type { ArrayConstant } from './array-constant.ts';
import type { OperationCall } from './operation-call.ts';

/** The layer that does what an operation does. */
export interface AsLayer {
  readonly className: string;
  readonly config: JsonObject;
  readonly weights?: readonly SourceWeight[];
}

/** The operation, whose first parameter is x, as a layer of this class and configuration does it. */
export function asLayer(
  call: OperationCall,
  lowering: LayerLowering,
  { className, config, weights = [] }: AsLayer,
  graph: GraphWriter,
): Handle | readonly Handle[] {
  const source = { ...call.layer.source, className, config, weights, model: undefined };
  return lowering.lower(new Layer(source, call.layer.origin), [call.tensor('x')], graph);
}

/** An argument of numbers as a weight of this name, in its own shape or as one of the same size. */
export function weightIn(call: OperationCall, parameter: string, name = parameter): SourceWeight & ArrayConstant {
  const operand = call.operand(parameter);
  if ('value' in operand) return call.unsupported(`its ${parameter} is computed when the model runs`);
  return { ...operand, ...constantWeight(name, operand) };
}

/** Numbers that the configuration holds, as a weight. */
export function constantWeight(name: string, { shape, data }: ArrayConstant): SourceWeight {
  return { name, path: name, trainable: false, shape, tensor: () => float32(shape, data) };
}
