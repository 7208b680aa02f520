import { int, string } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import { float32, type Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { functionAttributes } from './activations.ts';
import type { Cell, Part } from './cell.ts';
import { runScans } from './scan.ts';

export interface Run {
  /** One direction, or forward and backward. */
  readonly cells: readonly [Cell, ...Cell[]];
  readonly backwards: boolean;
  /** [T, N, I] */
  readonly x: Value;
  /** Steps of each sample, int32 [N]; all, if left out. */
  readonly lengths?: Value | undefined;
  /** h and c before the first step, [directions, N, H] each; zero, if left out. */
  readonly states: readonly Value[];
  /** Which results are read. */
  readonly wants: { readonly sequence: boolean; readonly last: boolean; readonly memory: boolean };
}

export interface RunResult {
  /** [T, directions, N, H] */
  readonly sequence: Value | undefined;
  /** The last h, [directions, N, H]. */
  readonly last: Value | undefined;
  /** The last c of an LSTM. */
  readonly memory: Value | undefined;
}

/**
 * One LSTM, GRU or RNN node for all steps and directions; a Scan for each where an activation is none of theirs.
 * Source: https://onnx.ai/onnx/operators/onnx__LSTM.html, …GRU.html, …RNN.html
 */
export function runCells(graph: GraphWriter, run: Run): RunResult {
  if (run.cells.some(({ functions }) => !functions)) return runScans(graph, run);
  const { cells, x, wants } = run;
  const [cell] = cells;
  const [T, N] = x.shape as [Dim, Dim];
  const D = cells.length;
  const rows = cell.gates * cell.units;
  const part = (name: string, parts: readonly Part[], shape: readonly number[]) => stacked(graph, name, parts, shape);
  const biases = cells.some(({ B }) => B) ? bias(graph, cells, rows) : undefined;
  const inputs = [
    x,
    part('W', cells.map(({ W }) => W), [rows, Number(x.shape![2])]),
    part('R', cells.map(({ R }) => R), [rows, cell.units]),
    ...trimmed([biases, run.lengths, ...run.states]),
  ]; // prettier-ignore
  const state = (wanted: boolean, suffix: string) => (wanted ? { shape: [D, N, cell.units], suffix } : undefined);
  const outputs = [
    wants.sequence ? { shape: [T, D, N, cell.units], suffix: 'all' } : undefined,
    state(wants.last, 'last'),
    state(wants.memory, 'memory'),
  ];
  const [sequence, last, memory] = graph.nodes(cell.opType, inputs, outputs, attributes(run));
  return { sequence, last: kept(graph, run, last, 0), memory: kept(graph, run, memory, 1) };
}

/** The state of a sample without steps is that which it began with; onnxruntime gives zero. */
function kept(graph: GraphWriter, { lengths, states }: Run, value: Value | undefined, index: 0 | 1): Value | undefined {
  const initial = states[index];
  if (!value || !lengths || !initial) return value;
  const part = graph.part(index === 0 ? 'last_h' : 'last_c');
  const N = lengths.shape![0]!;
  const zero = part.constant('zero', { dtype: 'int32', shape: [], data: Int32Array.of(0) });
  const ran = part.node('Greater', [lengths, zero], { shape: [N], dtype: 'bool', suffix: 'ran' });
  const column = { shape: [N, 1], dtype: 'bool', suffix: 'column' } as const;
  const rows = part.node('Unsqueeze', [ran, part.integers('axis', [1])], column);
  return part.node('Where', [rows, value, initial], { shape: value.shape! });
}

function attributes({ cells, backwards }: Run) {
  const [cell] = cells;
  const direction = cells.length === 2 ? 'bidirectional' : backwards ? 'reverse' : 'forward';
  return {
    hidden_size: int(cell.units),
    ...(direction !== 'forward' && { direction: string(direction) }),
    ...functionAttributes(cells.flatMap(({ functions }) => functions ?? []), cell.defaults),
    ...(cell.linearBeforeReset && { linear_before_reset: int(1) }),
  }; // prettier-ignore
}

/** The parameters of all directions in one constant. */
function stacked(graph: GraphWriter, name: string, parts: readonly Part[], shape: readonly number[]): Value {
  const [first] = parts;
  const form = `${name} of ${parts.map(({ weight }) => weight.path).join(' and ')}`;
  const whole = [parts.length, ...shape];
  return graph.parameter(first!.weight, form, () => joined(whole, parts.map(({ weight, make }) => make(weight.tensor()).data))); // prettier-ignore
}

function bias(graph: GraphWriter, cells: readonly Cell[], rows: number): Value {
  const parts = cells.flatMap(({ B }) => B ?? []);
  if (parts.length === cells.length) return stacked(graph, 'B', parts, [2 * rows]);
  const form = `B of ${parts.length} of ${cells.length}`;
  return graph.parameter(
    parts[0]!.weight,
    form,
    () =>
    joined([cells.length, 2 * rows], cells.map(({ B }) => B?.make(B.weight.tensor()).data ?? new Float32Array(2 * rows))), // prettier-ignore
  );
}

function joined(shape: readonly number[], pieces: readonly Float32Array[]) {
  const data = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    data.set(piece, at);
    at += piece.length;
  }
  return float32(shape, data);
}

/** Inputs left out at the end are not written. */
function trimmed(inputs: readonly (Value | undefined)[]): (Value | undefined)[] {
  const last = inputs.reduce((found, value, i) => (value ? i : found), -1);
  return inputs.slice(0, last + 1);
}
