import { int, ints, type Attribute } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import { Graph } from '../../onnx/graph.ts';
import type { Dim } from '../../tensor.ts';
import { applyFunction } from '../activation.ts';
import { biasOf, convolve, filtersFirst, readWindow } from '../convolve.ts';
import { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { Spatial } from '../spatial.ts';
import { reshapedTo, sizesAt } from '../target-shape.ts';

/** The products of all steps with the kernel, [T, N, 4·F, …o], by one convolution of [T·N, C, …i]. */
export function inputGates(layer: Layer, x: Spatial & { readonly steps: Dim }, graph: GraphWriter): Spatial {
  const { steps: T, batch: N, channels, sizes } = x;
  const filters = layer.size('filters');
  const points = sizes.map(Number);
  const all = `${graph.name}_steps`;
  const flat = graph.node('Reshape', [x.value, graph.integers('steps_shape', [-1, Number(channels), ...points])], {
    shape: [all, channels, ...sizes],
    suffix: 'steps',
  });
  const window = readWindow(layer, sizes.length);
  const kernel = layer.weight('kernel', [...window.kernel, Number(channels), 4 * filters]);
  const weights = [graph.parameter(kernel, 'filters first', filtersFirst), ...biasOf(layer, 4 * filters, graph)];
  const input: Spatial = { value: flat, batch: all, channels, sizes, dataFormat: 'channels_first' };
  const gates = convolve(layer, input, { window, weights, filters: 4 * filters, groups: 1 }, graph.part('gates'));
  const inner = gates.shape.slice(1);
  const whole = graph.handle(x.value, [T, N, channels, ...sizes]);
  const rest = graph.integers('gate_sizes', inner.map(Number));
  const pieces =
    typeof T === 'number' ? [graph.integers('outer', [T, -1]), rest] : [sizesAt(graph, whole, [0, 1], 'outer'), rest];
  const apart = reshapedTo(graph, gates, [T, N, ...inner], pieces, 'by_step');
  return { value: apart.value, batch: N, channels: 4 * filters, sizes: inner.slice(1), dataFormat: 'channels_first' };
}

export interface Steps {
  readonly layer: Layer;
  /** [T, N, 4·F, …o] */
  readonly gates: Spatial;
  /** h and c before the first step, [N, F, …o]. */
  readonly states: readonly [Value, Value];
  readonly backwards: boolean;
  readonly wantsAll: boolean;
}

export interface Ran {
  readonly h: Value;
  readonly c: Value;
  /** [T, N, F, …o], in the order in which the steps were made. */
  readonly all: Value | undefined;
}

/** One Scan over the steps. */
export function scanned({ layer, gates, states, backwards, wantsAll }: Steps, graph: GraphWriter): Ran {
  const filters = layer.size('filters');
  const state = [gates.batch, filters, ...gates.sizes];
  const kernel = layer.weight('recurrent_kernel', [
    ...readWindow(layer, gates.sizes.length).kernel,
    filters,
    4 * filters,
  ]);
  const R = graph.parameter(kernel, 'filters first', filtersFirst);
  const body = stepBody(layer, { gates, state, R, wantsAll }, graph);
  const attributes: Record<string, Attribute> = {
    body: { kind: 'graph', value: body },
    num_scan_inputs: int(1),
    ...(backwards && { scan_input_directions: ints([1]) }),
  };
  const T = gates.value.shape![0]!;
  const outputs = [
    { shape: state, suffix: 'last_h' },
    { shape: state, suffix: 'last_c' },
    ...(wantsAll ? [{ shape: [T, ...state], suffix: 'all' }] : []),
  ];
  const [h, c, all] = graph.nodes('Scan', [...states, gates.value], outputs, attributes);
  return { h: h!, c: c!, all };
}

interface Body {
  readonly gates: Spatial;
  readonly state: readonly Dim[];
  readonly R: Value;
  readonly wantsAll: boolean;
}

/**
 * One step: with z = gates + R ∗ h, in the blocks i, f, c, o of filters,
 *
 *   c′ = σ(z_f) · c + σ(z_i) · φ(z_c)          h′ = σ(z_o) · φ(c′)
 */
function stepBody(layer: Layer, { gates, state, R, wantsAll }: Body, outer: GraphWriter): Graph {
  const { graph: parent } = outer.workshop;
  const body = new Graph(parent.uniqueName(`${outer.name}/step`), parent.model, parent);
  const graph = new GraphWriter({ ...outer.workshop, graph: body, constants: new Map(), forms: new Map() }, `${outer.name}/step`); // prettier-ignore
  const input = (name: string, shape: readonly Dim[]) => body.input(body.uniqueName(`${graph.name}/${name}`), { dtype: 'float32', shape }); // prettier-ignore
  const [h, c, x] = [input('h', state), input('c', state), input('x', gates.value.shape!.slice(1))];
  const spatial: Spatial = { value: h, batch: gates.batch, channels: state[1]!, sizes: gates.sizes, dataFormat: 'channels_first' }; // prettier-ignore
  const { kernel } = readWindow(layer, gates.sizes.length);
  const ones = kernel.map(() => 1);
  const window = { kernel, strides: ones, dilations: ones, padding: 'same' } as const;
  const own = convolve(layer, spatial, { window, weights: [R], filters: Number(state[1]) * 4, groups: 1 }, graph.part('recurrent')); // prettier-ignore
  const z = graph.like(own, 'Add', { operands: [x], suffix: 'gates' });
  const [next, memory] = cell(layer, graph.handle(c, state), split(z, state, graph), graph);
  body.outputs.push(next, memory);
  if (wantsAll) body.outputs.push(graph.node('Identity', [next], { shape: state, suffix: 'result' }));
  return body;
}

function split(z: Handle, state: readonly Dim[], graph: GraphWriter): Handle[] {
  const filters = Number(state[1]);
  const blocks = graph.integers('blocks', [filters, filters, filters, filters]);
  const outputs = ['z_i', 'z_f', 'z_c', 'z_o'].map((suffix) => ({ shape: state, suffix }));
  return graph.nodes('Split', [z.value, blocks], outputs, { axis: int(1) }).map((value) => graph.handle(value!, state));
}

function cell(
  layer: Layer,
  c: Handle,
  [zi, zf, zc, zo]: readonly Handle[],
  graph: GraphWriter,
): readonly [Value, Value] {
  const gate = (z: Handle, name: string) => named(layer, 'recurrent_activation', z, graph.part(name));
  const bent = (z: Handle, name: string) => named(layer, 'activation', z, graph.part(name));
  const times = (a: Handle, b: Handle, suffix: string) => graph.like(a, 'Mul', { operands: [b.value], suffix });
  const kept = times(gate(zf!, 'f'), c, 'kept');
  const added = times(gate(zi!, 'i'), bent(zc!, 'new'), 'added');
  const memory = graph.like(kept, 'Add', { operands: [added.value], suffix: 'next_c' });
  const next = times(gate(zo!, 'o'), bent(memory, 'shown'), 'next_h');
  return [next.value, memory.value];
}

/** An entry that is absent is the default of its generation, one that is null the identity. */
function named(layer: Layer, key: 'activation' | 'recurrent_activation', x: Handle, graph: GraphWriter): Handle {
  const { config } = layer.source;
  const gate = layer.kerasMajor === 3 ? 'sigmoid' : 'hard_sigmoid';
  const entry = Object.hasOwn(config, key) ? layer.value(key) : key === 'activation' ? 'tanh' : gate;
  return entry === undefined ? x : applyFunction(entry, layer, x, graph);
}
