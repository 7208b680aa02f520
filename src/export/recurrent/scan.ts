import { int, ints, type Attribute } from '../../onnx/attribute.ts';
import { Graph, type Value } from '../../onnx/graph.ts';
import { float32, int64, transposed, type Dim } from '../../tensor.ts';
import { applyFunction } from '../activation.ts';
import { GraphWriter } from '../graph-writer.ts';
import type { Handle } from '../layout.ts';
import { sizesAt } from '../target-shape.ts';
import { functionEntry, type FunctionKey } from './activations.ts';
import type { Cell, Part } from './cell.ts';
import type { Run, RunResult } from './operator.ts';

/**
 * What an LSTM, GRU or RNN node computes, with activations that those nodes have not: the products of all steps with
 * the kernel at once, [T, N, G·H], and one Scan over the steps for each direction. Steps behind the last of a sample
 * leave its states as they are and give zero, as in the nodes.
 *
 *   RNN     h′ = φ(x + h·R)
 *   LSTM    c′ = σ(f)·c + σ(i)·φ(z)       h′ = σ(o)·φ(c′)             blocks i, o, f, z
 *   GRU     h′ = (1 − σ(z))·φ(…) + σ(z)·h       … = x + (σ(r)·h)·R, or x + σ(r)·(h·R + b)       blocks z, r, h
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Scan.html · the nodes' own pages
 */
export function runScans(graph: GraphWriter, run: Run): RunResult {
  const { cells, wants } = run;
  const names = cells.length === 1 ? [''] : ['forward', 'backward'];
  const ran = cells.map((cell, d) =>
    direction(names[d] === '' ? graph : graph.part(names[d]!), run, { cell, d, backwards: d === 1 || run.backwards }),
  );
  const joined = (name: string, values: readonly (Value | undefined)[], axis: number) =>
    stackedAt(graph, name, values as readonly Value[], axis);
  return {
    sequence: wants.sequence ? joined('all', ran.map(({ all }) => all), 1) : undefined,
    last: wants.last ? joined('last', ran.map(({ h }) => h), 0) : undefined,
    memory: wants.memory ? joined('memory', ran.map(({ c }) => c), 0) : undefined,
  }; // prettier-ignore
}

interface Direction {
  readonly cell: Cell;
  readonly d: number;
  readonly backwards: boolean;
}

interface Ran {
  readonly h: Value;
  readonly c: Value | undefined;
  /** [T, N, H] */
  readonly all: Value | undefined;
}

function direction(graph: GraphWriter, run: Run, { cell, d, backwards }: Direction): Ran {
  const [T, N] = run.x.shape as [Dim, Dim];
  const state = [N, cell.units];
  const initial = statesBefore(graph, run, cell, d);
  const scanned = [products(graph, run.x, cell), ...(run.lengths ? [running(graph, run.x, run.lengths)] : [])];
  const wantsAll = run.wants.sequence;
  const attributes: Record<string, Attribute> = {
    body: { kind: 'graph', value: stepBody(graph, cell, scanned, wantsAll) },
    num_scan_inputs: int(scanned.length),
    ...(backwards && { scan_input_directions: ints(scanned.map(() => 1)) }),
    ...(backwards && wantsAll && { scan_output_directions: ints([1]) }),
  };
  const ends = ['end_h', 'end_c'].slice(0, cell.states).map((suffix) => ({ shape: state, suffix }));
  const outputs = [...ends, ...(wantsAll ? [{ shape: [T, ...state], suffix: 'steps_out' }] : [])];
  const made = graph.nodes('Scan', [...initial, ...scanned], outputs, attributes);
  return { h: made[0]!, c: cell.states === 2 ? made[1] : undefined, all: made[cell.states] };
}

function blockWidth({ gates, units }: Cell): number {
  return gates * units;
}

function columns(graph: GraphWriter, { weight, make }: Part, name: string): Value {
  return graph.parameter(weight, `columns of ${name}`, (tensor) => transposed(make(tensor), [1, 0]));
}

/** x·W and the biases that do not wait for the step: all but that of R in a GRU. */
function products(graph: GraphWriter, x: Value, cell: Cell): Value {
  const width = blockWidth(cell);
  const shape = [...x.shape!.slice(0, 2), width];
  const product = graph.node('MatMul', [x, columns(graph, cell.W, 'W')], { shape, suffix: 'products' });
  if (!cell.B) return product;
  const isSum = cell.opType !== 'GRU';
  const bias = biasPart(graph, cell, isSum ? 'both biases' : 'bias of W', (W, R) => (isSum ? W + R : W));
  return graph.node('Add', [product, bias], { shape, suffix: 'gates' });
}

function biasPart(graph: GraphWriter, cell: Cell, form: string, of: (W: number, R: number) => number): Value {
  const width = blockWidth(cell);
  const { weight, make } = cell.B!;
  return graph.parameter(weight, form, (tensor) => {
    const { data } = make(tensor);
    return float32(
      [width],
      Float32Array.from({ length: width }, (_, i) => of(data[i]!, data[width + i]!)),
    );
  });
}

/** Whether step t is one of each sample's: bool [T, N, 1]. */
function running(graph: GraphWriter, x: Value, lengths: Value): Value {
  const [T, N] = x.shape as [Dim, Dim];
  const scalar = (name: string, value: number) => graph.constant(name, { dtype: 'int32', shape: [], data: Int32Array.of(value) }); // prettier-ignore
  const size = sizesAt(graph, graph.handle(x, x.shape!), [0], 'step_count');
  const count = graph.node('Cast', [size], { shape: [1], dtype: 'int32', attributes: { to: int(6) }, suffix: 'count' });
  const end = graph.node('Squeeze', [count, graph.integers('count_axis', [0])], { shape: [], dtype: 'int32', suffix: 'end' }); // prettier-ignore
  const range = graph.node('Range', [scalar('zero', 0), end, scalar('one', 1)], { shape: [T], dtype: 'int32', suffix: 'range' }); // prettier-ignore
  const rows = graph.node('Unsqueeze', [range, graph.integers('row_axis', [1])], { shape: [T, 1], dtype: 'int32', suffix: 'rows' }); // prettier-ignore
  const less = graph.node('Less', [rows, lengths], { shape: [T, N], dtype: 'bool', suffix: 'is_running' });
  return graph.node('Unsqueeze', [less, graph.integers('state_axis', [2])], { shape: [T, N, 1], dtype: 'bool', suffix: 'running' }); // prettier-ignore
}

/** [N, H] each, zero where none are given. */
function statesBefore(graph: GraphWriter, { x, states }: Run, { units, states: count }: Cell, d: number): Value[] {
  const shape = [x.shape![1]!, units];
  if (states.length > 0) {
    const index = graph.constant('direction', { ...int64([d]), shape: [] });
    return states.map((state, i) => graph.node('Gather', [state, index], { shape, attributes: { axis: int(0) }, suffix: `initial_${'hc'[i]!}` })); // prettier-ignore
  }
  const batch = sizesAt(graph, graph.handle(x, x.shape!), [1], 'batch');
  const target = graph.node('Concat', [batch, graph.integers('units', [units])], { shape: [2], dtype: 'int64', attributes: { axis: int(0) }, suffix: 'state_shape' }); // prettier-ignore
  return new Array<Value>(count).fill(graph.node('ConstantOfShape', [target], { shape, suffix: 'zero_state' }));
}

function stackedAt(graph: GraphWriter, name: string, values: readonly Value[], axis: number): Value {
  const raised = values.map((value, d) => {
    const shape: Dim[] = value.shape!.toSpliced(axis, 0, 1);
    const suffix = values.length === 1 ? name : `${name}_${d}`;
    return graph.node('Unsqueeze', [value, graph.integers(`${suffix}_axis`, [axis])], { shape, suffix });
  });
  if (raised.length === 1) return raised[0]!;
  const shape: Dim[] = raised[0]!.shape!.with(axis, values.length);
  return graph.node('Concat', raised, { shape, attributes: { axis: int(axis) }, suffix: name });
}

/** One step: the states, [N, H] each, and the rows of what is scanned, to the next states and the result. */
function stepBody(outer: GraphWriter, cell: Cell, scanned: readonly Value[], wantsAll: boolean): Graph {
  const { graph: parent } = outer.workshop;
  const body = new Graph(parent.uniqueName(`${outer.name}/step`), parent.model, parent);
  const R = columns(outer, cell.R, 'R');
  const bias = cell.opType === 'GRU' && cell.B ? biasPart(outer, cell, 'bias of R', (_, r) => r) : undefined;
  const graph = new GraphWriter({ ...outer.workshop, graph: body, constants: new Map(), forms: new Map() }, `${outer.name}/step`); // prettier-ignore
  const input = (name: string, shape: readonly Dim[], dtype: 'float32' | 'bool' = 'float32') =>
    graph.handle(body.input(body.uniqueName(`${graph.name}/${name}`), { dtype, shape }), shape);
  const N = scanned[0]!.shape![1]!;
  const states = ['h', 'c'].slice(0, cell.states).map((name) => input(name, [N, cell.units]));
  const x = input('x', [N, blockWidth(cell)]);
  const isRunning = scanned[1] && input('is_running', [N, 1], 'bool').value;
  const next = STEPS[cell.opType]({ cell, states, x, R, bias, graph });
  const held = next.map((value, i) => (isRunning ? chosen(graph, isRunning, value, states[i]!.value, `held_${i}`) : value));
  body.outputs.push(...held.map(({ value }, i) => graph.like(graph.handle(value, [N, cell.units]), 'Identity', { suffix: `next_${i}` }).value)); // prettier-ignore
  if (!wantsAll) return body;
  const shown = isRunning ? chosen(graph, isRunning, next[0]!, graph.scalar('zero', 0), 'shown') : next[0]!;
  body.outputs.push(graph.like(shown, 'Identity', { suffix: 'result' }).value);
  return body;
} // prettier-ignore

function chosen(graph: GraphWriter, condition: Value, x: Handle, otherwise: Value, suffix: string): Handle {
  return { ...x, value: graph.node('Where', [condition, x.value, otherwise], { shape: x.shape, suffix }) };
}

interface Step {
  readonly cell: Cell;
  readonly states: readonly Handle[];
  /** [N, G·H] */
  readonly x: Handle;
  readonly R: Value;
  readonly bias: Value | undefined;
  readonly graph: GraphWriter;
}

const STEPS: Record<Cell['opType'], (step: Step) => readonly Handle[]> = {
  RNN: ({ cell, states: [h], x, R, graph }) => [bent(cell, 'activation', sum(graph, x, times(graph, h!, R, 'recurrent'), 'total'), graph.part('h'))],
  LSTM: ({ cell, states: [h, c], x, R, graph }) => {
    const [i, o, f, z] = blocks(graph, sum(graph, x, times(graph, h!, R, 'recurrent'), 'total'), cell.gates, cell.units, 'z');
    const gate = (value: Handle, name: string) => bent(cell, 'recurrent_activation', value, graph.part(name));
    const kept = product(graph, gate(f!, 'f'), c!, 'kept');
    const added = product(graph, gate(i!, 'i'), bent(cell, 'activation', z!, graph.part('new')), 'added');
    const memory = sum(graph, kept, added, 'memory');
    return [product(graph, gate(o!, 'o'), bent(cell, 'activation', memory, graph.part('shown_c')), 'next_h'), memory];
  },
  GRU: ({ cell, states: [h], x, R, bias, graph }) => {
    const [xz, xr, xh] = blocks(graph, x, 3, cell.units, 'x');
    const shift = (value: Handle, by: Value | undefined, suffix: string) => (by ? graph.like(value, 'Add', { operands: [by], suffix }) : value);
    const whole = shift(times(graph, h!, R, 'recurrent'), bias, 'recurrent_biased');
    const [hz, hr, hh] = blocks(graph, whole, 3, cell.units, 'h');
    const gate = (a: Handle, b: Handle, name: string) => bent(cell, 'recurrent_activation', sum(graph, a, b, `${name}_sum`), graph.part(name));
    const [z, r] = [gate(xz!, hz!, 'z'), gate(xr!, hr!, 'r')];
    const inner = cell.linearBeforeReset ? product(graph, r, hh!, 'reset') : resetFirst(graph, cell, h!, r, { R, bias });
    const proposed = bent(cell, 'activation', sum(graph, xh!, inner, 'new_sum'), graph.part('new'));
    const rest = graph.like(graph.like(z, 'Neg', { suffix: 'minus_z' }), 'Add', { operands: [graph.scalar('one', 1)], suffix: 'rest' });
    return [sum(graph, product(graph, rest, proposed, 'changed'), product(graph, z, h!, 'kept'), 'next_h')];
  },
}; // prettier-ignore

/** (r · h)·R_h + b_h */
function resetFirst(graph: GraphWriter, { units }: Cell, h: Handle, r: Handle, { R, bias }: Pick<Step, 'R' | 'bias'>) {
  const last = (value: Value, axis: number, shape: readonly Dim[], name: string) => {
    const bounds = [2 * units, 3 * units, axis].map((at, i) => graph.integers(`${name}_${i}`, [at]));
    return graph.node('Slice', [value, ...bounds], { shape, suffix: name });
  };
  const y = times(graph, product(graph, r, h, 'reset'), last(R, 1, [units, units], 'R_h'), 'recurrent_h');
  return bias ? graph.like(y, 'Add', { operands: [last(bias, 0, [units], 'b_h')], suffix: 'recurrent_h_biased' }) : y;
}

function times(graph: GraphWriter, h: Handle, R: Value, suffix: string): Handle {
  const shape = [h.shape[0]!, R.shape![1]!];
  return graph.handle(graph.node('MatMul', [h.value, R], { shape, suffix }), shape);
}

function sum(graph: GraphWriter, a: Handle, b: Handle, suffix: string): Handle {
  return graph.like(a, 'Add', { operands: [b.value], suffix });
}

function product(graph: GraphWriter, a: Handle, b: Handle, suffix: string): Handle {
  return graph.like(a, 'Mul', { operands: [b.value], suffix });
}

function blocks(graph: GraphWriter, x: Handle, count: number, units: number, name: string): Handle[] {
  const sizes = graph.integers(`${name}_blocks`, new Array<number>(count).fill(units));
  const outputs = Array.from({ length: count }, (_, i) => ({ shape: [x.shape[0]!, units], suffix: `${name}_${i}` }));
  return graph.nodes('Split', [x.value, sizes], outputs, { axis: int(1) }).map((value, i) => graph.handle(value!, outputs[i]!.shape)); // prettier-ignore
}

function bent({ layer }: Cell, key: FunctionKey, x: Handle, graph: GraphWriter): Handle {
  const entry = functionEntry(layer, key);
  return entry === null ? x : applyFunction(entry, layer, x, graph);
}
