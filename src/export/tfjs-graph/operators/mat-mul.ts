import { int } from '../../../onnx/attribute.ts';
import { transposed, type Dim, type Tensor } from '../../../tensor.ts';
import type { GraphWriter } from '../../graph-writer.ts';
import { gatherRows, type Handle } from '../../layout.ts';
import { asKeras } from '../../reorder.ts';
import { broadcastShape, transpose } from '../broadcast.ts';
import type { OperatorLowering } from '../lowering.ts';
import type { Constant, Operand } from '../operand.ts';
import type { Operator } from '../operator.ts';
import { fusedOperators } from './fused.ts';

/**
 * TensorFlow `MatMul` and `_FusedMatMul`: ONNX Gemm. Behind a Flatten of channels-first images, the rows of a constant
 * b stand in the order in which the features lie.
 *
 * Shapes: a `[N, K]`, b `[K, M]`, bias `[M]`, y `[N, M]`; `transpose_a`, `transpose_b` swap the two axes.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/MatMul
 */
export const matMul: OperatorLowering = {
  ops: ['MatMul', '_FusedMatMul'],

  lower(op, graph) {
    const [swapA, swapB] = [op.flag('transpose_a', false), op.flag('transpose_b', false)];
    const [a, b] = [op.input(0), op.input(1)];
    if (a.shape.length !== 2 || b.shape.length !== 2) {
      if (op.className !== 'MatMul')
        op.unsupported('what is fused into it is not known for tensors that are no matrices');
      return batched(op, [a, b], [swapA, swapB], graph);
    }
    const x = a.handle();
    const reordered = !swapA && b.constant !== undefined && x.layout.kind === 'reordered';
    const left = reordered ? x.value : asKeras(graph, x).value;
    const fused = fusedOperators(op, 2, Number(b.shape[swapB ? 0 : 1]), graph);
    const right = b.constant ? kernel(b.constant, x, { swapB, reordered }, graph) : asKeras(graph, b.handle()).value;
    const shape = [a.shape[swapA ? 1 : 0]!, b.shape[swapB ? 0 : 1]!];
    const attributes = { ...(swapA && { transA: int(1) }), ...(swapB && !b.constant && { transB: int(1) }) };
    return fused.apply(
      graph.handle(graph.node('Gemm', [left, right, ...fused.bias], { shape, attributes }), shape),
      graph,
    );
  },
};

function kernel(
  b: Constant,
  { layout }: Handle,
  { swapB, reordered }: { readonly swapB: boolean; readonly reordered: boolean },
  graph: GraphWriter,
) {
  const form = [...(swapB ? ['transposed'] : []), ...(reordered && layout.kind === 'reordered' ? [layout.id] : [])];
  return b.weight(graph, form.join(', ') || 'as it is', (tensor) => {
    const upright = swapB ? swapped(tensor) : tensor;
    return reordered && layout.kind === 'reordered' ? gatherRows(upright, layout.order()) : upright;
  });
}

/**
 * TensorFlow `BatchMatMul`: ONNX MatMul over the last two axes; the axes in front broadcast.
 *
 * Shapes: x `[…, N, K]`, y `[…, K, M]`; `adj_x`, `adj_y` swap the last two.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/BatchMatMulV2
 */
export const batchMatMul: OperatorLowering = {
  ops: ['BatchMatMul', 'BatchMatMulV2', 'BatchMatMulV3'],
  lower: (op, graph) =>
    batched(op, [op.input(0), op.input(1)], [op.flag('adj_x', false), op.flag('adj_y', false)], graph),
};

function batched(
  op: Operator,
  [a, b]: readonly [Operand, Operand],
  [swapA, swapB]: readonly [boolean, boolean],
  graph: GraphWriter,
): Handle {
  const [left, right] = [matrix(a, swapA, graph.part('x')), matrix(b, swapB, graph.part('y'))];
  const shape = [...outer(op, left.shape, right.shape), left.shape.at(-2)!, right.shape.at(-1)!];
  return graph.handle(graph.node('MatMul', [left.value, right.value], { shape }), shape);
}

function outer(op: Operator, a: readonly Dim[], b: readonly Dim[]): Dim[] {
  if (a.length < 2 || b.length < 2) return op.broken('it multiplies something that is no matrix');
  return a.length === 2 && b.length === 2 ? [] : broadcastShape(op, a.slice(0, -2), b.slice(0, -2));
}

function matrix({ constant, shape, handle }: Operand, swap: boolean, graph: GraphWriter): Handle {
  if (!swap) return constant ? graph.handle(constant.value(graph), shape) : asKeras(graph, handle());
  const perm = [...shape.slice(0, -2).keys(), shape.length - 1, shape.length - 2];
  if (!constant) return transpose(graph, asKeras(graph, handle()), perm, 'transposed');
  return graph.handle(constant.weight(graph, 'transposed', swapped), perm.map((axis) => shape[axis]!));
} // prettier-ignore

function swapped(tensor: Tensor<'float32'>): Tensor<'float32'> {
  const rank = tensor.shape.length;
  return transposed(tensor, [...tensor.shape.slice(0, -2).keys(), rank - 1, rank - 2]);
}
