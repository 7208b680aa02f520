import { int } from '../../onnx/attribute.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import { KERAS, type Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { asKeras, offeredForm, offerForm } from '../reorder.ts';
import type { SourceLayer } from '../source-model.ts';

/**
 * Keras `TimeDistributed`: y[n, t] = layer(x[n, t]), for any layer that can be exported, models among them.
 *
 * Shapes: x `[N, T, …a]`, y `[N, T, …b]`, where the layer makes `[N, …b]` of `[N, …a]`.
 *
 *   acts along the last axis    the layer itself, on x as it is
 *   any other                   Reshape to [N·T, …a], the layer, Reshape to [N, T, …b]
 *
 * Between two of them the Reshapes fall away, and so does the change to channels first and back.
 * Source: https://keras.io/api/layers/recurrent_layers/time_distributed/
 */
export const timeDistributed: LayerLowering = {
  classNames: ['TimeDistributed'],
  note: 'around any layer or model that can be exported',
  traps: 'a layer that would read the mask of each step is refused',
  inTraining: 'may be random in each step',
  mask: 'own',

  lower(layer, [given], graph) {
    const inner = layer.source.model?.layers[0] ?? layer.malformed('layer', 'a layer');
    if (given.shape.length < 3) layer.unsupported(`its input has rank ${given.shape.length} in place of 3 or more`);
    const x: Handle = { ...given, mask: undefined };
    if (given.mask && MASKED.test(inner.className)) layer.unsupported(`it masks a ${inner.className} in each step`);
    const direct = lastAxisOnly(inner, x);
    const y = direct ? graph.workshop.lowerInner(direct, x, graph) : byStep(layer, inner, x, graph);
    return { ...y, mask: given.mask };
  },
};

/** Layers that would read the mask of their step. */
const MASKED = /^(LSTM|GRU|SimpleRNN|RNN|Bidirectional|TimeDistributed|Softmax|GlobalAveragePooling1D|.*Attention)$/;

/** Layers for which it makes no difference how many axes lie in front of the last. */
const ANY_RANK = /^(Dense|Activation|LeakyReLU|ReLU|ELU|ThresholdedReLU|Dropout|AlphaDropout|GaussianDropout|GaussianNoise|ActivityRegularization|Identity)$/; // prettier-ignore

/** The layer as it acts on all steps at once, if it can. */
function lastAxisOnly(inner: SourceLayer, x: Handle): SourceLayer | undefined {
  if (ANY_RANK.test(inner.className)) return inner;
  if (inner.className !== 'BatchNormalization') return undefined;
  const { axis = -1 } = inner.config;
  const last = axis === -1 || axis === x.shape.length - 2;
  return last ? { ...inner, config: { ...inner.config, axis: -1 } } : undefined;
}

function byStep(layer: Layer, inner: SourceLayer, x: Handle, graph: GraphWriter): Handle {
  const outer = offeredForm(graph, x, 'outer') ?? asKeras(graph, x);
  const steps = offeredForm(graph, x, 'steps') ?? merged(layer, asKeras(graph, x), graph);
  const made = graph.workshop.lowerInner(inner, steps, graph.part('step'));
  const y = split(layer, asKeras(graph, made), outer, graph);
  offerForm(graph, y, 'steps', () => made);
  offerForm(graph, y, 'outer', () => outer);
  return y;
}

/** [N, T, …a] → [N·T, …a] */
function merged(layer: Layer, x: Handle, graph: GraphWriter): Handle {
  const [N, T, ...rest] = x.shape as [Dim, Dim, ...Dim[]];
  const count = typeof N === 'number' && typeof T === 'number' ? N * T : `${graph.name}_steps`;
  const shape = [count, ...rest];
  const target = [-1, ...known(layer, rest)];
  const output = { shape, dtype: x.value.dtype, suffix: 'steps' };
  return graph.handle(graph.node('Reshape', [x.value, graph.integers('steps_shape', target)], output), shape, KERAS);
}

/** [N·T, …b] → [N, T, …b] */
function split(layer: Layer, y: Handle, outer: Handle, graph: GraphWriter): Handle {
  const [N, T] = outer.shape as [Dim, Dim];
  const rest = known(layer, y.shape.slice(1));
  const target = typeof T === 'number' ? graph.integers('shape', [-1, T, ...rest]) : sizesOf(graph, outer, rest);
  const shape = [N, T, ...rest];
  return graph.handle(graph.node('Reshape', [y.value, target], { shape, dtype: y.value.dtype }), shape, KERAS);
}

/** The first two sizes of a tensor, which only the running model knows, and others. */
function sizesOf(graph: GraphWriter, { value, shape }: Handle, rest: readonly number[]) {
  const vector = (length: number, suffix: string) => ({ shape: [length], dtype: 'int64' as const, suffix });
  const all = graph.node('Shape', [value], vector(shape.length, 'sizes'));
  const outer = graph.node('Gather', [all, graph.integers('outer', [0, 1])], vector(2, 'outer_sizes'));
  const inputs = [outer, graph.integers('inner_sizes', rest)];
  return graph.node('Concat', inputs, { ...vector(2 + rest.length, 'shape'), attributes: { axis: int(0) } });
}

function known(layer: Layer, sizes: readonly Dim[]): number[] {
  return sizes.map((size) =>
    typeof size === 'number' ? size : layer.unsupported('the sizes of its steps are not all known'),
  );
}
