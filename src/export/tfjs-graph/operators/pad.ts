import { string } from '../../../onnx/attribute.ts';
import type { Value } from '../../../onnx/graph.ts';
import type { GraphWriter } from '../../graph-writer.ts';
import { physicalShape } from '../../layout.ts';
import { asKeras } from '../../reorder.ts';
import type { OperatorLowering } from '../lowering.ts';
import type { Operator } from '../operator.ts';
import { pairsOf } from './space.ts';

/**
 * TensorFlow `Pad`, `PadV2` (its value is an input) and `MirrorPad`: ONNX Pad along the axes where they lie.
 *
 *   REFLECT     the border itself is not repeated: ONNX reflect
 *   SYMMETRIC   it is; up to one point, that is ONNX edge
 *
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/MirrorPad
 * @throws {EdgefoldError} UNSUPPORTED for SYMMETRIC by more than one point, which ONNX has not.
 */
export const pad: OperatorLowering = {
  ops: ['Pad', 'PadV2', 'MirrorPad'],

  lower(op, graph) {
    const given = op.handle(0);
    const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : given;
    const pairs = pairsOf(op.numbers(1));
    if (pairs.length !== x.shape.length || pairs.flat().some((amount) => amount < 0)) op.broken('its paddings make no sense');
    if (pairs.every(([begin, end]) => begin + end === 0)) return given;
    const lying = physicalShape(pairs.map((_, axis) => axis), x.layout).map((axis) => pairs[Number(axis)]!);
    const pads = graph.integers('pads', [...lying.map(([begin]) => begin), ...lying.map(([, end]) => end)]);
    const shape = x.shape.map((dim, axis) => {
      const more = pairs[axis]![0] + pairs[axis]![1];
      return typeof dim === 'number' ? dim + more : more === 0 ? dim : graph.symbol(axis);
    });
    const { mode, value } = filling(op, Math.max(...pairs.flat()), graph);
    const output = { shape: physicalShape(shape, x.layout), dtype: x.value.dtype, attributes: mode === 'constant' ? {} : { mode: string(mode) } };
    return graph.handle(graph.node('Pad', [x.value, pads, ...value], output), shape, x.layout);
  },
}; // prettier-ignore

function filling(op: Operator, most: number, graph: GraphWriter): { mode: string; value: Value[] } {
  if (op.className === 'PadV2') return { mode: 'constant', value: [op.constant(2).value(graph)] };
  if (op.className === 'Pad') return { mode: 'constant', value: [] };
  const mode = op.text('mode', 'REFLECT');
  if (mode === 'REFLECT') return { mode: 'reflect', value: [] };
  if (mode !== 'SYMMETRIC') op.malformed('mode', 'REFLECT or SYMMETRIC');
  return most <= 1 ? { mode: 'edge', value: [] } : op.unsupported('it mirrors its border (SYMMETRIC), which ONNX has not');
} // prettier-ignore
