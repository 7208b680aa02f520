import { ints } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import { transposed, type Tensor } from '../../tensor.ts';
import { applyActivation } from '../activation.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import { gatherRows, layoutId, physicalShape, type Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import type { SourceWeight } from '../source-model.ts';
import { fromTimeMajor } from '../recurrent/time.ts';
import { offeredForm } from '../reorder.ts';
import { staticChannels } from '../spatial.ts';

/**
 * Keras `Dense`:
 *
 *   y = activation(x · kernel + bias)
 *
 * Shapes: x `[N, …, F]`, kernel `[F, units]`, bias `[units]`, y `[N, …, units]`.
 *
 *   rank 2                       Gemm, the kernel as saved
 *   … of a reordered x           Gemm, the rows of the kernel in x's order: no Transpose
 *   rank 3 and more              MatMul + Add
 *   … of a channels-first x      a convolution with windows of one point
 *   … of a recurrent layer's x    on the sequence as that made it, [T, N, F]
 *
 * Defaults: `use_bias` true, `activation` none.
 * Source: https://keras.io/api/layers/core_layers/dense/
 */
export const dense: LayerLowering = {
  classNames: ['Dense'],
  note: 'any rank; a Flatten before it costs no Transpose',
  mask: 'keeps',

  lower(layer, [given], graph) {
    const x = graph.float(given);
    const steps = offeredForm(graph, x, 'time-major');
    // Where another layer has only read x in that form, x itself is nearer.
    if (!steps || x.value.producer?.inputs[0] !== steps.value) return activated(layer, x, graph);
    return fromTimeMajor(graph, activated(layer, steps, graph.part('steps')).value);
  },
};

function activated(layer: Layer, x: Handle, graph: GraphWriter): Handle {
  const y = product(layer, x, layer.size('units'), layer.flag('use_bias', true), graph);
  return applyActivation(layer, y, graph.part('activation'));
}

/** x · kernel + bias over the last axis, the linear part that Dense and EinsumDense share. */
export function product(layer: Layer, x: Handle, units: number, useBias: boolean, graph: GraphWriter): Handle {
  const features = staticChannels(layer, x.shape.at(-1)!);
  const kernel = layer.weight('kernel', [features, units]);
  const shape = [...x.shape.slice(0, -1), units];
  const weights = [
    kernelFor(kernel, x, graph),
    ...(useBias ? [graph.parameter(layer.weight('bias', [units]))] : []),
  ] as const;
  const output = { shape: physicalShape(shape, x.layout) };
  if (x.layout.kind === 'channels-first') {
    const attributes = { kernel_shape: ints(new Array<number>(shape.length - 2).fill(1)) };
    return graph.handle(graph.node('Conv', [x.value, ...weights], { ...output, attributes }), shape, x.layout);
  }
  if (shape.length === 2) return graph.handle(graph.node('Gemm', [x.value, ...weights], output), shape);
  const [B, bias] = weights;
  if (!bias) return graph.handle(graph.node('MatMul', [x.value, B], output), shape);
  const y = graph.handle(graph.node('MatMul', [x.value, B], { ...output, suffix: 'product' }), shape);
  return graph.like(y, 'Add', { operands: [bias] });
}

function kernelFor(kernel: SourceWeight, { layout, shape }: Handle, graph: GraphWriter): Value {
  if (layout.kind === 'keras') return graph.parameter(kernel);
  return graph.parameter(kernel, layoutId(layout), (tensor) =>
    layout.kind === 'reordered' ? gatherRows(tensor, layout.order()) : pointKernel(tensor, shape.length),
  );
}

/** `[F, units]` → `[units, F, 1, …]` */
function pointKernel(tensor: Tensor<'float32'>, rank: number): Tensor<'float32'> {
  const swapped = transposed(tensor, [1, 0]);
  return { ...swapped, shape: [...swapped.shape, ...new Array<number>(rank - 2).fill(1)] };
}
