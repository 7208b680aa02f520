import type { Value } from '../../onnx/graph.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import { KERAS, type Handle } from '../layout.ts';
import { asKeras } from '../reorder.ts';
import { slice, TO_THE_END } from '../slice.ts';
import { staticChannels } from '../spatial.ts';
import { readCell, cellLayer, type Cell } from './cell.ts';
import { maskedSteps, type Hold } from './masked-steps.ts';
import { runCells, type RunResult } from './operator.ts';
import { asTimeMajor, fromTimeMajor, reversed } from './time.ts';

/** A recurrent layer with its options, for an input of a certain width. */
export interface Recurrent {
  readonly layer: Layer;
  readonly cell: Cell;
  readonly backwards: boolean;
  readonly sequences: boolean;
  readonly returnsState: boolean;
  /** Results are zero at masked steps, where they otherwise repeat. */
  readonly zeroAtMask: boolean;
  /** Sequences lie [T, N, …] in the source itself (Keras 2). */
  readonly timeMajor: boolean;
}

/** What a recurrent layer gives back, in Keras's order. */
export interface Results {
  readonly output: Handle;
  readonly states: readonly Handle[];
}

export function readRecurrent(layer: Layer, x: Handle): Recurrent {
  if (x.shape.length !== 3) layer.unsupported(`its input has rank ${x.shape.length} in place of 3`);
  if (layer.integer('num_constants', 0) > 0) layer.unsupported('its cell takes constants');
  const inner = cellLayer(layer);
  for (const key of ['dropout', 'recurrent_dropout']) {
    if (layer.training && inner.number(key, 0) > 0) layer.unsupported('it is called with training=True, where it is random'); // prettier-ignore
  }
  return {
    layer,
    cell: readCell(layer, staticChannels(layer, x.shape[2]!)),
    backwards: layer.flag('go_backwards', false),
    sequences: layer.flag('return_sequences', false),
    returnsState: layer.flag('return_state', false),
    zeroAtMask: layer.flag('zero_output_for_mask', false),
    timeMajor: layer.flag('time_major', false),
  };
}

/** A stateful layer begins where the last batch ended; a file holds no state, and an exported model keeps none. */
export function warnOfState(layer: Layer, graph: GraphWriter): void {
  if (!layer.flag('stateful', false)) return;
  graph.warn(`${layer.label} is stateful; the exported model starts every run from a state of zero.`);
}

/** @param initial the states before the first step, [N, H] each; none for zero. */
export function runLayer(it: Recurrent, x: Handle, initial: readonly Handle[], graph: GraphWriter): Results {
  const { cell, layer } = it;
  if (initial.length > 0 && initial.length !== cell.states) {
    layer.unsupported(`it is called with ${initial.length} initial states in place of ${cell.states}`);
  }
  const states = initial.map((state, i) => stacked(graph.part(`initial_${i}`), [state]));
  const result = x.mask && layer.heedsMask ? masked(it, x, x.mask(), states, graph) : plain(it, x, states, graph);
  return { ...result, output: { ...result.output, mask: it.sequences ? x.mask : undefined } };
}

/** The states of all directions, [N, H] each, as one [directions, N, H]. */
export function stacked(graph: GraphWriter, states: readonly Handle[]): Value {
  const values = states.map((state, i) => {
    const h = asKeras(graph, graph.part(`${i}`).float(state));
    const output = { shape: [1, ...h.shape], ...(states.length === 1 ? {} : { suffix: `${i}` }) };
    return graph.node('Unsqueeze', [h.value, graph.integers(`axis_${i}`, [0])], output);
  });
  if (values.length === 1) return values[0]!;
  const shape = [values.length, ...values[0]!.shape!.slice(1)];
  return graph.node('Concat', values, { shape, attributes: { axis: { kind: 'int', value: 0 } } });
}

function plain(it: Recurrent, x: Handle, states: readonly Value[], graph: GraphWriter): Results {
  const { cell, backwards, sequences, returnsState, timeMajor } = it;
  const result = runCells(graph, {
    cells: [cell],
    backwards,
    x: timeMajor ? asKeras(graph, x).value : asTimeMajor(graph, x),
    states,
    wants: wanted(it, sequences, !sequences || returnsState),
  });
  if (!sequences) return withStates(it, result, undefined, graph);
  const steps = squeezed(graph, result.sequence!, 1, timeMajor && !backwards ? undefined : 'steps');
  const ordered = backwards ? reversed(graph, steps, 0, timeMajor ? undefined : 'in_reverse') : steps;
  const output = timeMajor ? graph.handle(ordered, ordered.shape!) : fromTimeMajor(graph, ordered);
  return withStates(it, result, output, graph);
}

function masked(it: Recurrent, x: Handle, mask: Value, states: readonly Value[], graph: GraphWriter): Results {
  const { cell, backwards, sequences, returnsState, zeroAtMask, layer } = it;
  if (it.timeMajor) layer.unsupported('it is masked and takes sequences in time-major order');
  if (states.length > 0 && layer.origin.kerasVersion.startsWith('tfjs'))
    layer.unsupported('it is masked and has initial states');
  // The last state is the last result but where a sample is masked as a whole, or its last step gives zero.
  const needsAll = sequences || states.length > 0 || zeroAtMask;
  const steps = maskedSteps(graph.part('mask'), x, mask);
  const result = runCells(graph, {
    cells: [cell],
    backwards,
    x: asTimeMajor(graph.part('mask'), steps.packed),
    lengths: steps.lengths,
    states,
    wants: wanted(it, needsAll, !needsAll || returnsState),
  });
  if (!needsAll) return withStates(it, result, undefined, graph);
  const packed = fromTimeMajor(graph.part('packed'), squeezed(graph, result.sequence!, 1, 'steps'));
  const hold: Hold = zeroAtMask ? 'zero' : backwards ? 'backward' : 'forward';
  const placed = graph.part(sequences && !backwards ? 'places' : 'unpacked');
  const inOrder = steps.unpacked(packed, hold, placed);
  const all = backwards ? { ...inOrder, value: reversed(graph, inOrder.value, 1, sequences ? undefined : 'in_reverse') } : inOrder; // prettier-ignore
  const output = sequences ? all : lastStep(graph, all);
  return withStates(it, result, output, graph);
}

function wanted({ returnsState, cell }: Recurrent, sequence: boolean, last: boolean) {
  return { sequence, last, memory: returnsState && cell.states === 2 };
}

/** Without an output of its own, that of the layer is its last state. */
function withStates(it: Recurrent, result: RunResult, output: Handle | undefined, graph: GraphWriter): Results {
  const state = (value: Value, suffix?: string) => {
    const flat = squeezed(graph, value, 0, suffix);
    return graph.handle(flat, flat.shape!);
  };
  if (!it.returnsState) return { output: output ?? state(result.last!), states: [] };
  const h = state(result.last!, output && 'h');
  const c = result.memory ? [state(result.memory, 'c')] : [];
  return { output: output ?? h, states: [h, ...c] };
}

export function squeezed(graph: GraphWriter, value: Value, axis: number, suffix?: string): Value {
  const shape = value.shape!.filter((_, i) => i !== axis);
  const axes = graph.integers(suffix === undefined ? 'axis' : `${suffix}_axis`, [axis]);
  return graph.node('Squeeze', [value, axes], { shape, ...(suffix === undefined ? {} : { suffix }) });
}

function lastStep(graph: GraphWriter, x: Handle): Handle {
  const cut = slice(graph, x, [{ axis: 1, start: -1, end: TO_THE_END, size: 1 }], 'last_step');
  const [N, , H] = x.shape as [Dim, Dim, Dim];
  return graph.handle(squeezed(graph, cut.value, 1), [N, H], KERAS);
}
