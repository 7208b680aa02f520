import { ints } from '../../../onnx/attribute.ts';
import { filtersFirst } from '../../convolve.ts';
import { spatialOutput, spatialShape } from '../../spatial.ts';
import { imageInput } from '../image.ts';
import type { OperatorLowering } from '../lowering.ts';
import type { Operator } from '../operator.ts';
import { explicitPads, windowOf } from './convolution.ts';

/**
 * TensorFlow `Conv2DBackpropInput`, which `Conv2DTranspose` of Keras becomes: ONNX ConvTranspose.
 *
 * Shapes: inputs are the output shape, filter `[kh, kw, M, C]` → W `[C, M, kh, kw]`, and x `[N, h, w, C]`.
 * With e = (k − 1)·d + 1, the full result has (i − 1)·s + e points; of the surplus over the o that the output shape
 * asks for, half (rounded down) is cut at the start, none for VALID. What is missing is added at the end.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Conv2DBackpropInput
 */
export const transposedConvolution: OperatorLowering = {
  ops: ['Conv2DBackpropInput', 'Conv2dTranspose'],

  lower(op, graph) {
    const filter = op.constant(1);
    const [height = 0, width = 0, filters = 0, channels] = filter.shape;
    const input = imageInput(op, op.handle(2), graph);
    if (input.channels !== channels) op.unsupported('the number of its input channels does not fit its filter');
    if (explicitPads(op, 2)) op.unsupported('its padding is EXPLICIT');
    const window = windowOf(op, [height, width]);
    const sizes = outputSizes(op, input.dataFormat);
    const axes = window.kernel.map((k, i) => {
      const given = input.sizes[i];
      if (typeof given !== 'number') return op.unsupported('the size of its input is known at run time only');
      const extent = (k - 1) * window.dilations[i]! + 1;
      return cut((given - 1) * window.strides[i]! + extent - sizes[i]!, window.padding === 'same');
    });
    const output = { ...input, channels: filters, sizes };
    const value = graph.node('ConvTranspose', [input.value, filter.weight(graph, 'filters first', filtersFirst)], {
      shape: spatialShape(output),
      attributes: {
        kernel_shape: ints(window.kernel),
        strides: ints(window.strides),
        pads: ints([...axes.map(({ begin }) => begin), ...axes.map(({ end }) => end)]),
        ...(window.dilations.some((d) => d > 1) && { dilations: ints(window.dilations) }),
        ...(axes.some(({ added }) => added > 0) && { output_padding: ints(axes.map(({ added }) => added)) }),
      },
    });
    return spatialOutput({ ...output, value });
  },
};

function cut(surplus: number, same: boolean) {
  const begin = same ? Math.max(surplus, 0) >> 1 : 0;
  return { begin, end: Math.max(surplus - begin, 0), added: Math.max(-surplus, 0) };
}

function outputSizes(op: Operator, dataFormat: 'channels_last' | 'channels_first'): number[] {
  const shape = op.input(0).contents;
  const sizes = dataFormat === 'channels_last' ? shape?.slice(1, 3) : shape?.slice(2, 4);
  if (sizes?.length === 2 && sizes.every((size) => typeof size === 'number' && size > 0)) return sizes.map(Number);
  return op.unsupported('the size of its output is known at run time only');
}
