import type { Value } from '../../onnx/graph.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import { CHANNELS_FIRST, KERAS, physicalShape, type Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { mergedMask } from '../mask.ts';
import { commonType, inType } from '../operations/broadcast.ts';
import { asKeras, inOneLayout, offerForm, reshaped } from '../reorder.ts';

/**
 * Keras `Add`, `Subtract`, `Multiply`, `Average`, `Maximum`, `Minimum`: element by element over two tensors or more.
 *
 * Shapes broadcast as in Keras: a tensor of lower rank gets axes of size 1 behind its batch axis, unlike in numpy.
 * One channels-first tensor makes all of them so.
 * Source: https://keras.io/api/layers/merging_layers/ · keras/src/layers/merging/base_merge.py
 */
export const merge: LayerLowering = {
  classNames: ['Add', 'Subtract', 'Multiply', 'Average', 'Maximum', 'Minimum'],
  note: 'two inputs or more, Keras broadcasting',
  traps:
    'a tensor of lower rank gets its axes behind the batch; Keras 3 counts a step that any mask counts, Keras 2 one that all do; there Multiply, Maximum and Minimum pass over masked steps',
  merges: true,
  mask: 'own',

  lower(layer, inputs, graph) {
    if (isExtreme(layer) && inputs.some(({ mask }) => mask)) return maskedExtreme(layer, inputs, graph);
    const rank = Math.max(...inputs.map(({ shape }) => shape.length));
    const zeroes = layer.className === 'Multiply' && layer.kerasMajor === 3;
    const factors = zeroes ? inputs.map((x, i) => oneWhereMasked(graph.part(`input_${i}`), x)) : inputs;
    const raised = factors.map((x, i) => raise(graph.part(`input_${i}`), x, rank));
    const handles = inOneLayout(graph, alikeInType(layer, raised, graph)) as [Handle, ...Handle[]];
    if (layer.className === 'Subtract' && handles.length !== 2) layer.unsupported('it subtracts more than two tensors');
    const mask = mergedMask(layer, inputs, graph);
    const y = combine(layer, handles, zeroes && mask ? graph.part('product') : graph);
    return { ...(zeroes && mask ? only(graph, asKeras(graph, y), mask(), 0) : y), mask };
  },
};

/** Whether it is one for which no number stands for a masked step. */
function isExtreme({ className, kerasMajor }: Layer): boolean {
  return kerasMajor === 3 && (className === 'Maximum' || className === 'Minimum');
}

/** In Keras 3 the largest and the smallest of tensors pass over their masked steps; Source: base_merge.py. */
function maskedExtreme(layer: Layer, inputs: readonly [Handle, ...Handle[]], graph: GraphWriter): Handle {
  const [first, ...rest] = inputs.map((x, i) => ({ ...asKeras(graph, graph.part(`input_${i}`).float(x)), mask: x.mask })) as [Handle, ...Handle[]]; // prettier-ignore
  const unlike = rest.some(({ shape }) => shape.length !== first.shape.length);
  if (unlike) layer.unsupported('it merges masked tensors of different ranks');
  const y = rest.reduce((sum, x, i) => {
    const step = graph.part(`step_${i}`);
    const right = x.mask ? chosen(step.part('right'), x.mask(), x, sum) : x;
    const left = sum.mask ? chosen(step.part('left'), sum.mask(), sum, right) : sum;
    const opType = OPERATORS[layer.className]!;
    const shape = broadcast(layer, left.shape, right.shape);
    const value = (i === rest.length - 1 ? graph : step).node(opType, [left.value, right.value], { shape });
    return { ...graph.handle(value, shape), mask: mergedMask(layer, [sum, x], step) };
  }, first);
  return y;
}

/** x at the steps that count, another tensor elsewhere. */
function chosen(graph: GraphWriter, mask: Value, x: Handle, otherwise: Handle): Handle {
  const shape = [...mask.shape!, 1];
  const axis = graph.integers('mask_axis', [shape.length - 1]);
  const column = graph.node('Unsqueeze', [mask, axis], { shape, dtype: 'bool', suffix: 'mask_column' });
  return { ...x, value: graph.node('Where', [column, x.value, otherwise.value], { shape: x.shape }) };
}

/** A product in Keras 3 leaves masked steps out of its factors; where all of them are masked, it is zero. */
function oneWhereMasked(graph: GraphWriter, x: Handle): Handle {
  return x.mask ? only(graph, asKeras(graph, graph.float(x)), x.mask(), 1) : x;
}

/** x at the steps that count, a number elsewhere. */
function only(graph: GraphWriter, x: Handle, mask: Value, otherwise: number): Handle {
  return chosen(graph, mask, x, { ...x, value: graph.scalar('otherwise', otherwise) });
}

const OPERATORS: Readonly<Record<string, string>> = {
  Add: 'Add',
  Subtract: 'Sub',
  Multiply: 'Mul',
  Average: 'Add',
  Maximum: 'Max',
  Minimum: 'Min',
};

function combine(layer: Layer, [first, ...rest]: readonly [Handle, ...Handle[]], graph: GraphWriter): Handle {
  const opType = OPERATORS[layer.className]!;
  const average = layer.className === 'Average';
  const total = rest.reduce((sum, x, i) => {
    const shape = broadcast(layer, sum.shape, x.shape);
    const last = i === rest.length - 1 && !average;
    const output = {
      shape: physicalShape(shape, sum.layout),
      dtype: sum.value.dtype,
      ...(last ? {} : { suffix: `of_${i + 2}` }),
    };
    return graph.handle(graph.node(opType, [sum.value, x.value], output), shape, sum.layout);
  }, first);
  return average ? graph.like(total, 'Div', { operands: [graph.scalar('count', rest.length + 1)] }) : total;
}

/** Integers stay integers, unless the merge divides; truth values are computed as float32. */
function alikeInType(layer: Layer, handles: readonly Handle[], graph: GraphWriter): Handle[] {
  const common = commonType(handles);
  const dtype = common === 'bool' || layer.className === 'Average' ? 'float32' : common;
  return handles.map((x, i) => inType(x, dtype, graph.part(`input_${i}`)));
}

/** `[N, …]` → `[N, 1, …, …]` of the given rank. */
function raise(graph: GraphWriter, x: Handle, rank: number): Handle {
  const missing = rank - x.shape.length;
  if (missing === 0 || x.shape.length < 1) return x;
  const keras = asKeras(graph, x);
  const [batch, ...rest] = keras.shape as [Dim, ...Dim[]];
  const shape = [batch, ...new Array<number>(missing).fill(1), ...rest];
  const axes = shape.slice(1, 1 + missing).map((_, i) => i + 1);
  const output = { shape, dtype: keras.value.dtype };
  const y = graph.handle(graph.node('Unsqueeze', [keras.value, graph.integers('axes', axes)], output), shape, KERAS);
  if (rest.length === 1) {
    offerForm(graph, y, 'channels-first', () => reshaped(graph, keras, shape, CHANNELS_FIRST, 'channels_first'));
  }
  return y;
}

function broadcast(layer: Layer, a: readonly Dim[], b: readonly Dim[]): Dim[] {
  return a.map((dim, axis) => {
    const other = b[axis]!;
    if (dim === 1 || dim === other) return other;
    if (other === 1) return dim;
    if (typeof dim === 'number' && typeof other === 'number') {
      layer.unsupported(`its inputs [${a.join(', ')}] and [${b.join(', ')}] do not fit together`);
    }
    return typeof dim === 'number' ? dim : other;
  });
}
