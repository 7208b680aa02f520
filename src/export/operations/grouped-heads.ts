import { int } from '../../onnx/attribute.ts';
import { int64 } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Handle } from '../layout.ts';
import type { OperationCall } from './operation-call.ts';

/** More than any attention has. */
const MAX_HEADS = 2 ** 12;

/** [N, S, some, H] → [N, S, heads, H], each head as often as it serves; one for all broadcasts. */
export function groupedHeads(call: OperationCall, x: Handle, heads: number, graph: GraphWriter): Handle {
  const some = call.known(x.shape[2], 'the number of its heads');
  if (some === heads || some === 1) return x;
  if (heads % some !== 0 || heads > MAX_HEADS) return call.unsupported(`its ${heads} heads are no multiple of ${some}`);
  const each = heads / some;
  const places = graph.constant('heads', int64(Array.from({ length: heads }, (_, i) => Math.floor(i / each))));
  const shape = x.shape.with(2, heads);
  const output = { shape, attributes: { axis: int(2) }, suffix: 'of_groups' };
  return graph.handle(graph.node('Gather', [x.value, places], output), shape);
}
