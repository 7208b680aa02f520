import { int } from '../../../onnx/attribute.ts';
import type { Dim } from '../../../tensor.ts';
import type { GraphWriter } from '../../graph-writer.ts';
import { physicalAxis, physicalShape, type Handle } from '../../layout.ts';
import { asKeras } from '../../reorder.ts';
import { elementwise } from '../broadcast.ts';
import type { OperatorLowering } from '../lowering.ts';
import { constantOperand, handleOperand, integerConstant } from '../operand.ts';
import type { Operator } from '../operator.ts';
import { castTo } from './unary.ts';

/**
 * TensorFlow `GatherV2` along an axis that is known, and `Gather`, along the first.
 *
 * Shapes: params `[…a, K, …b]`, indices `[…i]`, y `[…a, …i, …b]`.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/GatherV2
 */
export const gather: OperatorLowering = {
  ops: ['GatherV2', 'Gather'],

  lower(op, graph) {
    if (op.integer('batch_dims', 0) !== 0) op.unsupported('it gathers sample by sample (batch_dims)');
    const given = op.handle(0);
    const axis = op.className === 'Gather' ? 0 : op.axisAt(2, given.shape.length);
    const indices = indicesOf(op, graph);
    // With one list of indices the axis stays where it is, in any layout.
    const stays = indices.shape.length === 1 && given.layout.kind !== 'reordered';
    const x = stays ? given : asKeras(graph, given);
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    const attributes = { axis: int(physicalAxis(x, axis)) };
    const output = { shape: physicalShape(shape, x.layout), dtype: x.value.dtype, attributes };
    return graph.handle(graph.node('Gather', [x.value, indices.value], output), shape, x.layout);
  },
};

function indicesOf(op: Operator, graph: GraphWriter): Handle {
  return castTo(op.keras(1, graph), 'int32', graph, 'indices');
}

/**
 * TensorFlow `GatherNd`: the last axis of indices names places in the first axes of params.
 *
 * Shapes: params `[…p]`, indices `[…i, k]`, y `[…i, …p behind k]`.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/GatherNd
 */
export const gatherNd: OperatorLowering = {
  ops: ['GatherNd'],

  lower(op, graph) {
    const [x, indices] = [op.keras(0, graph), op.keras(1, graph)];
    const depth = indices.shape.at(-1);
    if (typeof depth !== 'number') return op.unsupported('the length of its indices is not known');
    const wide = { shape: indices.shape, dtype: 'int64' as const, attributes: { to: int(7) }, suffix: 'indices' };
    const places = graph.node('Cast', [indices.value], wide);
    const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(depth)];
    return graph.handle(graph.node('GatherND', [x.value, places], { shape, dtype: x.value.dtype }), shape);
  },
};

/**
 * TensorFlow `OneHot`: y = on where the index is the place along the new axis, else off; for an index outside the depth
 * all are off, also for a negative one, which ONNX's OneHot would count from the end.
 *
 * Shapes: indices `[…i]`, y `[…i, depth]`, or the depth at `axis`.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/OneHot
 */
export const oneHot: OperatorLowering = {
  ops: ['OneHot'],

  lower(op, graph) {
    const indices = op.keras(0, graph);
    const rank = indices.shape.length + 1;
    const axis = op.axis('axis', rank, -1);
    const depth = op.scalar(1);
    if (!Number.isInteger(depth) || depth < 0 || depth > MAX_DEPTH) op.broken('its depth makes no sense');
    const shape: Dim[] = [...indices.shape.slice(0, axis), 1, ...indices.shape.slice(axis)];
    const inputs = [indices.value, graph.integers('axes', [axis])];
    const raised = graph.node('Unsqueeze', inputs, { shape, dtype: 'int32', suffix: 'raised' });
    const places = shape.map((_, i) => (i === axis ? depth : 1));
    const numbers = integerConstant(`${op.name}/places`, places, [...new Array<number>(depth).keys()]);
    const operands = [handleOperand(graph.handle(raised, shape)), constantOperand(numbers, graph.workshop)];
    const isPlace = elementwise(op, 'Equal', operands, graph.part('is_place'), 'bool');
    return elementwise(op, 'Where', [handleOperand(isPlace), op.input(2), op.input(3)], graph, op.input(2).dtype);
  },
};

const MAX_DEPTH = 2 ** 20;

/**
 * TensorFlow `Einsum`: ONNX Einsum, which reads the same equations.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Einsum
 * @throws {EdgefoldError} UNSUPPORTED for an ellipsis or a letter twice in one tensor.
 */
export const einsum: OperatorLowering = {
  ops: ['Einsum'],

  lower(op, graph) {
    const equation = op.text('equation', '').replaceAll(' ', '');
    const parts = /^([A-Za-z]+(?:,[A-Za-z]+)*)->([A-Za-z]*)$/.exec(equation);
    if (!parts) return op.unsupported(`its equation ${JSON.stringify(equation)} has a form that is not exported`);
    const handles = op.inputs.map((_, i) => op.keras(i, graph));
    const sizes = labelledSizes(op, parts[1]!.split(','), handles);
    const shape = Array.from(parts[2]!, (label) => sizes.get(label) ?? op.broken('its equation makes no sense'));
    const attributes = { equation: { kind: 'string', value: equation } } as const;
    const output = { shape, dtype: handles[0]!.value.dtype, attributes };
    return graph.handle(graph.node('Einsum', handles.map(({ value }) => value), output), shape);
  },
}; // prettier-ignore

function labelledSizes(op: Operator, terms: readonly string[], handles: readonly Handle[]): Map<string, Dim> {
  const sizes = new Map<string, Dim>();
  terms.forEach((labels, i) => {
    const shape = handles[i]?.shape;
    if (shape?.length !== labels.length) op.broken('its equation does not fit its inputs');
    if (new Set(labels).size < labels.length) op.unsupported('it takes the diagonal of a tensor');
    labels.split('').forEach((label, axis) => {
      const size = shape[axis]!;
      const known = sizes.get(label);
      if (known === undefined || known === 1 || typeof size === 'number') sizes.set(label, size);
    });
  });
  return sizes;
}
