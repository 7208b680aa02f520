import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { CallArgument, SourceCall, TensorRef } from '../source-model.ts';
import { OperationCall, type Argument } from './operation-call.ts';
import type { Operation } from './operation.ts';
import { isOperation, readOperation } from './source-operation.ts';
import { operationNamed } from './table.ts';

export { isOperation };

/** `undefined` where a tensor that the call reads could not be made; the reason is known elsewhere. */
type Find = (ref: TensorRef) => Handle | undefined;

/**
 * Writes the nodes of an operation on tensors: a node of `keras.ops`, a `TFOpLambda`, a `SlicingOpLambda` or a
 * `TensorFlowOpLayer`.
 *
 * @throws {EdgefoldError} UNSUPPORTED for one that is not in the table, naming it.
 */
export function lowerOperation(layer: Layer, call: SourceCall, find: Find, graph: GraphWriter): readonly Handle[] {
  const { name, args, named } = readOperation(layer, call);
  const operation = operationNamed(name) ?? unknown(layer, name);
  const given = new Map<string, Argument>();
  for (const [parameter, argument] of assigned(operation, args, named)) {
    const found = resolved(argument, find);
    if (!found) return [];
    given.set(parameter, found);
  }
  return [operation.lower(new OperationCall(layer, name, given, graph), graph)].flat();
}

function unknown(layer: Layer, name: string): never {
  return layer.unsupported(
    `the operation ${name} is not exported`,
    'Write this step with Keras layers and save the model again, or export the part of the model before it.',
  );
}

/** Arguments by the first name of their parameter; what the operation does not know is of no effect or refused by it. */
function assigned(
  { parameters }: Operation,
  args: readonly CallArgument[],
  named: ReadonlyMap<string, CallArgument>,
): readonly (readonly [string, CallArgument])[] {
  return parameters.flatMap((parameter, i): (readonly [string, CallArgument])[] => {
    const names = parameter.split(' ');
    const argument = args[i] ?? names.map((name) => named.get(name)).find((value) => value !== undefined);
    return argument ? [[names[0]!, argument]] : [];
  });
}

function resolved(argument: CallArgument, find: Find): Argument | undefined {
  if ('constant' in argument) return argument;
  if ('ref' in argument) {
    const tensor = find(argument.ref);
    return tensor && { tensor };
  }
  const list = argument.list.map((item) => resolved(item, find));
  return list.every((item) => item !== undefined) ? { list } : undefined;
}
