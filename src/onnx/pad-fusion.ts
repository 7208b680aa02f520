import type { Dim } from '../tensor.ts';
import { Node, Value, type Graph } from './graph.ts';
import { isStandard } from './shapes/infer.ts';
import { windowsOf } from './shapes/window.ts';

/** What has to be known of a graph to see what onnxruntime would make of it. */
export interface Known {
  shape(value: Value | undefined): readonly Dim[] | undefined;
  numbers(value: Value | undefined): readonly number[] | undefined;
}

/**
 * onnxruntime (1.30, from optimisation level "basic" on) makes a Pad of zeros the padding of the pool behind it. That
 * is not the same
 *
 *   for a MaxPool, where padding is −∞: zeros that are above all else in their window are lost
 *   with `ceil_mode`, where a window may begin in padding but not in zeros: the output gets another shape
 *   for more padding than the kernel has taps, which it then refuses to load
 *
 * A Max of one tensor is a copy, and keeps the two apart. It is needed unless all of this is known not to happen.
 *
 * Source: PadFusion in onnxruntime/core/optimizer/pad_fusion.cc
 *
 * @returns the pools that have to be kept apart from the Pad in front of them.
 */
export function misfusedPools(graph: Graph, known: Known): Node[] {
  return graph.nodes.filter((pool) => {
    const isPool = pool.opType === 'AveragePool' || (pool.opType === 'MaxPool' && !pool.outputs[1]);
    const pad = isPool && isStandard(pool, graph) ? padInFrontOf(pool, graph) : undefined;
    return pad !== undefined && mayFuse(pad, graph, known) && !isHarmless(pool, pad, known);
  });
}

/** A copy of what the pool reads, in front of it; the caller puts the node where it belongs. */
export function copyFor(pool: Node, graph: Graph): Node {
  const x = pool.inputs[0]!;
  const copy = new Value(graph.uniqueName(`${x.name}_padded`), x);
  return new Node('Max', { name: copy.name, inputs: [x], outputs: [copy] });
}

/** What onnxruntime may take out of the graph before it looks. */
const ELIMINATED = ['Cast', 'Dropout', 'Identity'];

function padInFrontOf(pool: Node, graph: Graph): Node | undefined {
  let producer = pool.inputs[0]?.producer;
  while (producer && isStandard(producer, graph) && ELIMINATED.includes(producer.opType))
    producer = producer.inputs[0]?.producer;
  return producer?.opType === 'Pad' && isStandard(producer, graph) ? producer : undefined;
}

/** Amounts in front of each axis and behind it; undefined if they are not known here, as another may know them. */
const amountsOf = (pad: Node, known: Known): readonly number[] | undefined =>
  pad.inputs[3] ? undefined : (pad.ints('pads') ?? pad.ints('paddings') ?? known.numbers(pad.inputs[1]));

/** It does so for zeros around the image, and for them alone. */
function mayFuse(pad: Node, graph: Graph, known: Known): boolean {
  if (pad.string('mode', 'constant') !== 'constant') return false;
  const value = graph.opset < 11 ? [pad.float('value', 0)] : pad.inputs[2] ? known.numbers(pad.inputs[2]) : [0];
  if (value && value[0] !== 0) return false;
  const amounts = amountsOf(pad, known);
  const rank = (amounts?.length ?? 0) / 2;
  return !amounts?.some((amount, index) => amount < 0 || (index % rank < 2 && amount !== 0));
}

/** Whether the pool would make the same of the zeros as its own padding. */
function isHarmless(pool: Node, pad: Node, known: Known): boolean {
  const amounts = amountsOf(pad, known);
  const kernel = pool.ints('kernel_shape') ?? [];
  if (amounts?.length !== 2 * kernel.length + 4 || pool.int('ceil_mode', 0) !== 0) return false;
  const windows = windowsOf(pool, kernel, known.shape(pool.inputs[0])?.slice(2));
  const isNarrow = windows.every(({ pads, kernel: taps }, axis) =>
    [0, 1].every((side) => (pads?.[side] ?? NaN) + amounts[axis + 2 + side * (kernel.length + 2)]! < taps),
  );
  if (!isNarrow || pool.opType === 'AveragePool') return isNarrow;
  return windows.every(({ dilation }) => dilation === 1) && NEVER_NEGATIVE.has(pad.inputs[0]?.producer?.opType ?? '');
}

/** Behind these a zero is never above all else in a window that holds an element. */
const NEVER_NEGATIVE: ReadonlySet<string> = new Set(['Relu', 'Sigmoid', 'Softplus', 'Softmax']);
