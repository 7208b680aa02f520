import { onnx, type Message } from './onnx.js';
import { edited } from './wire.ts';

/** Every field through which a tensor can be reached. */
const FIELDS: ReadonlySet<string> = new Set([
  'graph', 'training_info', 'functions', 'initialization', 'algorithm',
  'node', 'initializer', 'sparse_initializer', 'attribute', 'attribute_proto',
  't', 'g', 'sparse_tensor', 'tensors', 'graphs', 'sparse_tensors', 'values', 'indices',
]); // prettier-ignore

export type RewriteTensor = (tensor: onnx.TensorProto, isInitializer: boolean) => onnx.TensorProto;

/** A model with its tensors replaced, wherever they are. Messages in which nothing changes are not copied. */
export function rewriteTensors(model: onnx.ModelProto, rewrite: RewriteTensor): onnx.ModelProto {
  return rewriteMessage(model, rewrite, false);
}

function rewriteMessage<M extends Message>(message: M, rewrite: RewriteTensor, isInitializer: boolean): M {
  if (message instanceof onnx.TensorProto) return rewrite(message, isInitializer) as Message as M;
  const changes: Record<string, unknown> = {};
  for (const [field, before] of Object.entries(message)) {
    if (!FIELDS.has(field)) continue;
    const after = rewriteField(before as string | Message | Message[], rewrite, field === 'initializer');
    if (after !== before) changes[field] = after;
  }
  return Object.keys(changes).length === 0 ? message : edited(message, changes as Partial<M>);
}

/** Fields of the same name may hold strings: those of a function name its attributes. */
function rewriteField(
  field: string | Message | (string | Message)[],
  rewrite: RewriteTensor,
  isInitializer: boolean,
): unknown {
  if (typeof field === 'string') return field;
  if (!Array.isArray(field)) return rewriteMessage(field, rewrite, isInitializer);
  const list = field.map((item) => (typeof item === 'string' ? item : rewriteMessage(item, rewrite, isInitializer)));
  return list.every((item, index) => item === field[index]) ? field : list;
}
