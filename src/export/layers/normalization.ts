import { float32, type Tensor } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { isList, type Layer } from '../layer.ts';
import { laidOut, type Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import type { JsonValue } from '../source-model.ts';

/**
 * Keras `Normalization`, with the statistics it was adapted to or was given:
 *
 *   y = (x − mean) / max(√variance, 1e-7)          inverted: y = x · max(√variance, 1e-7) + mean
 *
 * Shapes: x and y `[N, …]`; mean and variance have the sizes of the axes in `axis`, or none for `axis: null`.
 * Given statistics broadcast to that. Written as Sub and Div, which keep their precision where |mean| ≫ σ.
 * Defaults: `axis` −1, `invert` false.
 * Source: https://keras.io/api/layers/preprocessing_layers/numerical/normalization/
 */
export const normalization: LayerLowering = {
  classNames: ['Normalization'],
  note: 'adapted or given statistics, any axes, inverted',
  traps: 'the deviation is at least 1e-7',
  mask: 'keeps',

  lower(layer, [given], graph) {
    const x = graph.float(given);
    const { mean, variance } = statistics(layer, x);
    const deviation = Float64Array.from(variance.data, (v) => Math.max(Math.sqrt(v), SMALLEST_DEVIATION));
    const operand = (name: string, { shape }: Tensor, data: ArrayLike<number>) => [
      graph.constant(name, laidOut(float32(shape, data), x.layout)),
    ];
    const means = operand('mean', mean, mean.data);
    const deviations = operand('deviation', variance, deviation);
    return layer.flag('invert', false)
      ? chain(graph, x, ['Mul', deviations, 'Add', means], 'scaled')
      : chain(graph, x, ['Sub', means, 'Div', deviations], 'centered');
  },
};

/** `keras.config.epsilon()`, which no file records. */
const SMALLEST_DEVIATION = 1e-7;

type Operands = ReturnType<GraphWriter['constant']>[];

function chain(graph: GraphWriter, x: Handle, steps: [string, Operands, string, Operands], suffix: string): Handle {
  const [first, a, second, b] = steps;
  return graph.like(graph.like(x, first, { operands: a, suffix }), second, { operands: b });
}

function statistics(layer: Layer, x: Handle): { mean: Tensor<'float32'>; variance: Tensor<'float32'> } {
  const rank = x.shape.length;
  const axes = layer.source.config.axis === null ? [] : layer.axes('axis', rank, [-1]);
  const kept = axes.map((axis) => {
    const dim = x.shape[axis]!;
    return typeof dim === 'number' ? dim : layer.unsupported(`axis ${axis} of its input has no fixed size`);
  });
  const broadcast = x.shape.map((_, axis) => (axes.includes(axis) ? kept[axes.indexOf(axis)]! : 1));
  const [mean, variance] = ['mean', 'variance'].map((name) => {
    const given = layer.value(name);
    const data = given === undefined ? layer.weight(name, kept).tensor().data : numbersOf(layer, name, given);
    return fill(layer, name, data, broadcast);
  });
  return { mean: mean!, variance: variance! };
}

function numbersOf(layer: Layer, key: string, value: JsonValue): number[] {
  if (isList(value)) return value.flatMap((entry) => numbersOf(layer, key, entry));
  return typeof value === 'number' ? [value] : layer.malformed(key, 'numbers');
}

/** Given statistics of one number, or of one per channel, stand for all. */
function fill(layer: Layer, key: string, data: ArrayLike<number>, shape: readonly number[]): Tensor<'float32'> {
  const size = shape.reduce((product, dim) => product * dim, 1);
  if (data.length === size) return float32(shape, data);
  if (data.length === 1)
    return float32(
      shape.map(() => 1),
      data,
    );
  return layer.malformed(key, `${size} numbers`);
}
