import { applyActivation } from '../activation.ts';
import { biasOf, convolve, filtersFirst, readWindow } from '../convolve.ts';
import type { LayerLowering } from '../lowering.ts';
import { spatialInput, spatialRank, staticChannels } from '../spatial.ts';

/**
 * Keras `Conv1D`, `Conv2D`, `Conv3D`: ONNX Conv.
 *
 * Shapes: x `[N, …i, C]`, kernel `[…k, C/groups, M]` → W `[M, C/groups, …k]`, bias `[M]`, y `[N, …o, M]`.
 * Padding is written out: {@link slidingWindow}. `causal` exists for one axis.
 * Defaults: `strides` 1, `padding` valid, `dilation_rate` 1, `groups` 1, `use_bias` true, `activation` none.
 * Source: https://keras.io/api/layers/convolution_layers/ · https://onnx.ai/onnx/operators/onnx__Conv.html
 */
export const convolution: LayerLowering = {
  classNames: ['Conv1D', 'Conv2D', 'Conv3D'],
  note: 'valid, same and causal padding, strides, dilation, groups, both data formats',
  traps: 'same padding puts the odd point at the end',

  lower(layer, [x], graph) {
    const input = spatialInput(layer, graph.float(x), graph);
    const channels = staticChannels(layer, input.channels);
    const [filters, groups] = [layer.size('filters'), layer.size('groups', 1)];
    if (channels % groups !== 0) layer.malformed('groups', `a divisor of the ${channels} input channels`);
    const window = readWindow(layer, spatialRank(layer));
    const kernel = layer.weight('kernel', [...window.kernel, channels / groups, filters]);
    const W = graph.parameter(kernel, 'filters first', filtersFirst);
    const weights = [W, ...biasOf(layer, filters, graph)];
    const y = convolve(layer, input, { window, weights, filters, groups }, graph);
    return applyActivation(layer, y, graph.part('activation'));
  },
};
