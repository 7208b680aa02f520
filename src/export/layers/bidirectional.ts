import { int, ints } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { isRecurrent } from '../recurrent/cell.ts';
import { maskedSteps } from '../recurrent/masked-steps.ts';
import { runCells } from '../recurrent/operator.ts';
import { readRecurrent, runLayer, stacked, warnOfState, type Recurrent } from '../recurrent/run-layer.ts';
import { asTimeMajor, fromTimeMajor, reversed } from '../recurrent/time.ts';
import { stackOf } from '../recurrent/stacked-cells.ts';
import { asKeras } from '../reorder.ts';
import { convLstm } from './conv-lstm.ts';
import { recurrent } from './recurrent.ts';

/**
 * Keras `Bidirectional`: a recurrent layer over the sequence and one over its reverse, whose sequence is turned round
 * again; `merge_mode` joins what they give, y = concat(f, b), f + b, (f + b) / 2 or f · b, or `null` keeps both.
 *
 * Shapes: x `[N, T, I]`, y `[N, T, 2·H]` or `[N, T, H]`, without the T if the layers return no sequences. States go in
 * and come out as those of the forward layer, then those of the backward one.
 *
 *   two cells of one kind and size    one ONNX operator, `direction` bidirectional
 *   any other pair                    one operator each; ConvLSTM and several cells as their own layers do
 *
 * At masked steps sequences are zero, unlike those of a layer alone; in TF.js they repeat.
 * Source: https://keras.io/api/layers/recurrent_layers/bidirectional/ · keras/src/layers/rnn/bidirectional.py
 */
export const bidirectional: LayerLowering = {
  classNames: ['Bidirectional'],
  note: 'every merge_mode, a backward_layer of its own, states, any mask; one node for two layers of a kind; around ConvLSTM and several cells too',
  traps: 'at masked steps sequences are zero, unlike those of a layer alone; in TF.js they repeat',
  merges: true,
  mask: 'own',

  lower(layer, [given, ...initial], graph) {
    const x = graph.float(given);
    const merge = mergeMode(layer);
    if (partsOf(layer).some(runsByItself)) return byThemselves(layer, x, initial, merge, graph);
    const pair = readPair(layer, x, graph);
    if (initial.length > 0 && initial.length !== pair[0].cell.states + pair[1].cell.states)
      layer.unsupported(`it is called with ${initial.length} initial states`);
    return merge !== null && canShare(pair, x) ? together(pair, x, initial, merge, graph) : apart(pair, x, initial, merge, graph); // prettier-ignore
  },
};

type Pair = readonly [Recurrent, Recurrent];
const MERGES = ['concat', 'sum', 'ave', 'mul'] as const;
type Merge = (typeof MERGES)[number] | null;

/** A missing entry is the default; `null` is a mode of its own. */
function mergeMode(layer: Layer): Merge {
  return layer.source.config.merge_mode === null ? null : layer.choice('merge_mode', MERGES, 'concat');
}

function readPair(layer: Layer, x: Handle, graph: GraphWriter): Pair {
  const repeats = layer.origin.kerasVersion.startsWith('tfjs');
  const parts = partsOf(layer).map((part) => {
    if (!isRecurrent(part.className)) layer.unsupported(`it wraps a ${part.className}, which is not exported in it`);
    warnOfState(part, graph);
    const it = readRecurrent(part, x);
    return { ...it, zeroAtMask: it.sequences && !repeats };
  });
  const [forward, backward] = parts;
  if (!forward || !backward) return layer.unsupported('it wraps a layer that is not recurrent');
  if (forward.backwards === backward.backwards) layer.malformed('backward_layer', 'a layer in the other direction');
  if (forward.sequences !== backward.sequences || forward.returnsState !== backward.returnsState)
    layer.malformed('backward_layer', 'a layer that returns the same');
  return [forward, backward];
}

function partsOf(layer: Layer): Layer[] {
  const sources = layer.source.model?.layers ?? [];
  return sources.map((source) => new Layer(source, layer.origin, layer.training, layer.heedsMask));
}

/** What is no single cell: images, and several cells in each step. */
function runsByItself(part: Layer): boolean {
  return convLstm.classNames.includes(part.className) || (isRecurrent(part.className) && stackOf(part) !== undefined);
}

/** Each direction as the layer that it is. */
function byThemselves(layer: Layer, x: Handle, initial: readonly Handle[], merge: Merge, graph: GraphWriter): Handle[] {
  const parts = partsOf(layer);
  const sequences = parts.every((part) => part.flag('return_sequences', false));
  if (parts.length !== 2 || parts[0]!.flag('go_backwards', false) || !parts[1]!.flag('go_backwards', false))
    return layer.unsupported('its layers do not run one in each direction');
  const half = initial.length / 2;
  const made = parts.map((part, d) => {
    const isKnown = runsByItself(part) || isRecurrent(part.className);
    if (!isKnown) layer.unsupported(`it wraps a ${part.className}, which is not exported in it`);
    const lowering = convLstm.classNames.includes(part.className) ? convLstm : recurrent;
    const config = { ...part.source.config, ...(sequences && !layer.origin.kerasVersion.startsWith('tfjs') && { zero_output_for_mask: true }) }; // prettier-ignore
    const whole = new Layer({ ...part.source, config }, layer.origin, layer.training, layer.heedsMask);
    const writer = graph.part(d === 0 ? 'forward' : 'backward');
    const results = [lowering.lower(whole, [x, ...initial.slice(d * half, (d + 1) * half)], writer)].flat();
    const output = asKeras(writer, results[0]!);
    return { output: d === 1 && sequences ? turned(writer, output, false) : output, states: results.slice(1) };
  });
  const [forward, backward] = [made[0]!.output, made[1]!.output];
  const outputs = merge === null ? [forward, backward] : [joined(graph, forward, backward, merge)];
  const mask = sequences ? x.mask : undefined;
  return [...outputs.map((output) => ({ ...output, mask })), ...made.flatMap(({ states }) => states)];
}

/** Whether one operator can run both: same kind and size, and masked steps of both at the same places. */
function canShare([f, b]: Pair, x: Handle): boolean {
  const alike =
    f.cell.opType === b.cell.opType &&
    f.cell.units === b.cell.units &&
    f.cell.linearBeforeReset === b.cell.linearBeforeReset;
  const maskable = !x.mask || !f.layer.heedsMask || (!f.timeMajor && (!f.sequences || f.zeroAtMask));
  return alike && !f.backwards && !f.timeMajor && !b.timeMajor && maskable;
}

function together([f, b]: Pair, x: Handle, initial: readonly Handle[], merge: Merge, graph: GraphWriter): Handle[] {
  const { sequences, returnsState, cell } = f;
  const steps = x.mask && f.layer.heedsMask ? maskedSteps(graph.part('mask'), x, x.mask()) : undefined;
  const half = cell.states;
  const states = initial.slice(0, half).map((state, i) => stacked(graph.part(`initial_${i}`), [state, initial[half + i]!])); // prettier-ignore
  const result = runCells(graph, {
    cells: [f.cell, b.cell],
    backwards: false,
    x: asTimeMajor(steps ? graph.part('mask') : graph, steps?.packed ?? x),
    lengths: steps?.lengths,
    states,
    wants: { sequence: sequences, last: !sequences || returnsState, memory: returnsState && half === 2 },
  });
  const merged = sequences
    ? mergedSequence(graph, result.sequence!, merge, steps !== undefined)
    : mergedStates(graph, result.last!, merge);
  const placed = steps && sequences ? steps.unpacked(merged, 'zero', graph.part('places')) : merged;
  const output = { ...placed, mask: sequences ? x.mask : undefined };
  if (!returnsState) return [output];
  const ends = [result.last!, ...(result.memory ? [result.memory] : [])];
  const ofDirection = (d: number) => ends.map((end, i) => oneOf(graph, end, d, `${d === 0 ? 'forward' : 'backward'}_${'hc'[i]!}`)); // prettier-ignore
  return [output, ...ofDirection(0), ...ofDirection(1)];
}

/** [T, 2, N, H] → the sequence [N, T, 2·H] or [N, T, H]. */
function mergedSequence(given: GraphWriter, value: Value, merge: Merge, packed: boolean): Handle {
  const graph = packed ? given.part('packed') : given;
  const [T, , N, H] = value.shape as [Dim, Dim, Dim, number];
  if (merge !== 'concat') return fromTimeMajor(graph, reduced(graph, value, 1, merge, 'merged'));
  const output = { shape: [T, N, 2, H], attributes: { perm: ints([0, 2, 1, 3]) }, suffix: 'side_by_side' };
  const sideBySide = graph.node('Transpose', [value], output);
  return fromTimeMajor(graph, joinedPairs(graph, sideBySide, [T, N, 2 * H], [0, 0, 2 * H], 'merged'));
}

/** [2, N, H] → [N, 2·H] or [N, H]. */
function mergedStates(graph: GraphWriter, value: Value, merge: Merge): Handle {
  const [, N, H] = value.shape as [Dim, Dim, number];
  if (merge !== 'concat') return graph.handle(reduced(graph, value, 0, merge), [N, H]);
  const output = { shape: [N, 2, H], attributes: { perm: ints([1, 0, 2]) }, suffix: 'side_by_side' };
  const sideBySide = graph.node('Transpose', [value], output);
  return graph.handle(joinedPairs(graph, sideBySide, [N, 2 * H], [0, 2 * H]), [N, 2 * H]);
}

function joinedPairs(
  graph: GraphWriter,
  value: Value,
  shape: readonly Dim[],
  target: number[],
  suffix?: string,
): Value {
  const output = { shape, ...(suffix === undefined ? {} : { suffix }) };
  return graph.node('Reshape', [value, graph.integers('joined_shape', target)], output);
}

/** ReduceSum takes its axes as an input from opset 13 on, the others from 18 on. */
function reduced(graph: GraphWriter, value: Value, axis: number, merge: Merge, suffix?: string): Value {
  const opType = merge === 'sum' ? 'ReduceSum' : merge === 'ave' ? 'ReduceMean' : 'ReduceProd';
  const { inputs, attributes } = graph.axes([axis], merge === 'sum' ? 13 : 18);
  const shape = value.shape!.filter((_, i) => i !== axis);
  const output = {
    shape,
    attributes: { ...attributes, keepdims: int(0) },
    ...(suffix === undefined ? {} : { suffix }),
  };
  return graph.node(opType, [value, ...inputs], output);
}

/** The state of one direction: [2, N, H] → [N, H]. */
function oneOf(graph: GraphWriter, value: Value, direction: number, suffix: string): Handle {
  const shape = value.shape!.slice(1);
  const index = graph.constant(`${suffix}_index`, { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(direction)) }); // prettier-ignore
  return graph.handle(graph.node('Gather', [value, index], { shape, attributes: { axis: int(0) }, suffix }), shape);
}

function apart([f, b]: Pair, x: Handle, initial: readonly Handle[], merge: Merge, graph: GraphWriter): Handle[] {
  const half = initial.length === 0 ? 0 : f.cell.states;
  const forward = runLayer(f, x, initial.slice(0, half), graph.part('forward'));
  const made = runLayer(b, x, initial.slice(half), graph.part('backward'));
  const backward = b.sequences ? turned(graph.part('backward'), made.output, b.timeMajor) : made.output;
  const outputs = merge === null ? [forward.output, backward] : [joined(graph, forward.output, backward, merge)];
  const mask = f.sequences ? x.mask : undefined;
  return [...outputs.map((output) => ({ ...output, mask })), ...forward.states, ...made.states];
}

function turned(graph: GraphWriter, x: Handle, timeMajor: boolean): Handle {
  const { value, shape } = asKeras(graph, x);
  return graph.handle(reversed(graph, value, timeMajor ? 0 : 1, 'turned'), shape);
}

function joined(graph: GraphWriter, f: Handle, b: Handle, merge: Exclude<Merge, null>): Handle {
  const axis = f.shape.length - 1;
  if (merge === 'concat') {
    const shape = [...f.shape.slice(0, -1), Number(f.shape[axis]) + Number(b.shape[axis])];
    return graph.handle(graph.node('Concat', [f.value, b.value], { shape, attributes: { axis: int(axis) } }), shape);
  }
  const suffix = merge === 'ave' ? { suffix: 'sum' } : {};
  const y = graph.like(f, merge === 'mul' ? 'Mul' : 'Add', { operands: [b.value], ...suffix });
  return merge === 'ave' ? graph.like(y, 'Div', { operands: [graph.scalar('two', 2)] }) : y;
}
