import { onnx, type Message } from './onnx.js';
import { edited } from './wire.ts';

/** The fields of each message through which a tensor can be reached. */
const FIELDS: ReadonlyMap<unknown, readonly string[]> = new Map<unknown, readonly string[]>([
  [onnx.ModelProto, ['training_info', 'functions', 'graph']],
  [onnx.TrainingInfoProto, ['initialization', 'algorithm']],
  [onnx.FunctionProto, ['node', 'attribute_proto']],
  [onnx.GraphProto, ['node', 'initializer', 'sparse_initializer']],
  [onnx.NodeProto, ['attribute']],
  [onnx.AttributeProto, ['tensors', 'graphs', 'sparse_tensors', 't', 'g', 'sparse_tensor']],
  [onnx.SparseTensorProto, ['values', 'indices']],
]);

export type RewriteTensor = (tensor: onnx.TensorProto, isInitializer: boolean) => onnx.TensorProto;

/** A model with its tensors replaced, wherever they are. Messages in which nothing changes are not copied. */
export function rewriteTensors(model: onnx.ModelProto, rewrite: RewriteTensor): onnx.ModelProto {
  return rewriteMessage(model, rewrite, false);
}

function rewriteMessage<M extends Message>(message: M, rewrite: RewriteTensor, isInitializer: boolean): M {
  if (message instanceof onnx.TensorProto) return rewrite(message, isInitializer) as Message as M;
  let changes: Record<string, unknown> | undefined;
  for (const field of FIELDS.get(message.constructor) ?? []) {
    const before = (message as Readonly<Record<string, unknown>>)[field] as Message | Message[] | null | undefined;
    if (!before) continue;
    const isList = Array.isArray(before);
    const after = isList
      ? rewriteList(before, rewrite, field === 'initializer')
      : rewriteMessage(before, rewrite, false);
    if (after !== before) (changes ??= {})[field] = after;
  }
  return changes ? edited(message, changes as Partial<M>) : message;
}

function rewriteList(list: Message[], rewrite: RewriteTensor, isInitializer: boolean): Message[] {
  let changed: Message[] | undefined;
  list.forEach((before, index) => {
    const after = rewriteMessage(before, rewrite, isInitializer);
    if (after !== before) (changed ??= [...list])[index] = after;
  });
  return changed ?? list;
}
