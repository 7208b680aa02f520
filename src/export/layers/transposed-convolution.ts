import { ints } from '../../onnx/attribute.ts';
import type { Dim } from '../../tensor.ts';
import { applyActivation } from '../activation.ts';
import type { LayerLowering } from '../lowering.ts';
import { spatialInput, spatialOutput, spatialRank, spatialShape, staticChannels } from '../spatial.ts';
import { biasOf, filtersFirst, readWindow } from '../convolve.ts';

/**
 * Keras `Conv1DTranspose`, `Conv2DTranspose`, `Conv3DTranspose`: ONNX ConvTranspose.
 *
 * Shapes: x `[N, …i, C]`, kernel `[…k, M, C]` → W `[C, M, …k]`, bias `[M]`, y `[N, …o, M]`.
 * With e = (k − 1)·d + 1, the full result has (i − 1)·s + e points, of which o are kept:
 *
 *   valid                     o = (i − 1)·s + max(e, s)
 *   same                      o = i·s
 *   valid, output_padding p   o = (i − 1)·s + e + p
 *   same, output_padding p    o = (i − 1)·s + e mod 2 + p
 *
 * The surplus is cut, half of it (rounded down) at the start, none at the start for valid. What is missing is
 * added at the end.
 * Defaults: `strides` 1, `padding` valid, `dilation_rate` 1, `output_padding` none, `use_bias` true.
 * Source: https://keras.io/api/layers/convolution_layers/convolution2d_transpose/ and
 *         keras/src/backend/common/backend_utils.py (the TensorFlow form)
 */
export const transposedConvolution: LayerLowering = {
  classNames: ['Conv1DTranspose', 'Conv2DTranspose', 'Conv3DTranspose'],
  note: 'valid and same padding, output_padding, dilation',
  traps: 'output_padding, even 0, says another size than none',

  lower(layer, [x], graph) {
    const rank = spatialRank(layer);
    const input = spatialInput(layer, graph.float(x), graph);
    const channels = staticChannels(layer, input.channels);
    const filters = layer.size('filters');
    const { kernel, strides, dilations, padding } = readWindow(layer, rank);
    if (padding === 'causal') layer.malformed('padding', 'valid or same');
    const W = graph.parameter(layer.weight('kernel', [...kernel, filters, channels]), 'channels first', filtersFirst);
    const outputPadding =
      layer.value('output_padding') === undefined ? undefined : layer.sizes('output_padding', rank, 0, 0);
    const axes = kernel.map((k, i) =>
      cut({
        extent: (k - 1) * dilations[i]! + 1,
        stride: strides[i]!,
        same: padding === 'same',
        outputPadding: outputPadding?.[i],
      }),
    );
    const sizes = input.sizes.map((size, i): Dim => {
      return typeof size === 'number' ? (size - 1) * strides[i]! + axes[i]!.kept : graph.symbol(i + 1);
    });
    const output = { ...input, channels: filters, sizes };
    const value = graph.node('ConvTranspose', [input.value, W, ...biasOf(layer, filters, graph)], {
      shape: spatialShape(output),
      attributes: {
        kernel_shape: ints(kernel),
        strides: ints(strides),
        pads: ints([...axes.map(({ begin }) => begin), ...axes.map(({ end }) => end)]),
        ...(dilations.some((d) => d > 1) ? { dilations: ints(dilations) } : {}),
        ...(axes.some(({ added }) => added > 0) ? { output_padding: ints(axes.map(({ added }) => added)) } : {}),
      },
    });
    return applyActivation(layer, spatialOutput({ ...output, value }), graph.part('activation'));
  },
};

interface Axis {
  readonly extent: number;
  readonly stride: number;
  readonly same: boolean;
  readonly outputPadding: number | undefined;
}

/** What of the last step's points is kept (o − (i − 1)·s), cut at either end, and added behind. */
function cut({ extent, stride, same, outputPadding }: Axis) {
  const kept =
    outputPadding === undefined
      ? same
        ? stride
        : Math.max(extent, stride)
      : (same ? extent % 2 : extent) + outputPadding;
  const surplus = Math.max(extent - kept, 0);
  const begin = same ? Math.floor(surplus / 2) : 0;
  return { kept, begin, end: surplus - begin, added: Math.max(kept - extent, 0) };
}
