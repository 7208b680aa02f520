import type { GraphWriter } from '../graph-writer.ts';
import { batchNormalization } from '../layers/batch-normalization.ts';
import { convolution } from '../layers/convolution.ts';
import { depthwiseConvolution, separableConvolution } from '../layers/depthwise-convolution.ts';
import { layerNormalization, rmsNormalization, rootOf } from '../layers/layer-normalization.ts';
import type { Handle } from '../layout.ts';
import { meanOver } from '../moments.ts';
import { asKeras } from '../reorder.ts';
import type { JsonObject, SourceWeight } from '../source-model.ts';
import { asLayer, weightIn } from './as-layer.ts';
import { dataFormat } from './images.ts';
import type { OperationCall } from './operation-call.ts';
import type { Operation } from './operation.ts';

const WINDOW = ['strides', 'padding', 'data_format', 'dilation_rate'];

/**
 * Operations with weights among their arguments, written as the layer that does the same with weights of its own:
 * convolutions, whose kernels have the shapes of the layers', and normalizations, whose epsilon is 1e-7 where the
 * layers' is 1e-3. The weights are constants of the file.
 * ConvTranspose is none of them: Keras 3.15 exchanges its options, and cannot run it.
 *
 * Source: https://keras.io/api/ops/nn/ · keras/src/ops/nn.py
 */
export const WEIGHTED: readonly Operation[] = [
  {
    names: ['Conv'],
    parameters: ['x inputs', 'kernel', ...WINDOW],
    lower(call, graph) {
      const kernel = weightIn(call, 'kernel');
      const config = { ...windowOf(call, kernel.shape), filters: kernel.shape.at(-1) ?? 0 };
      return asLayer(call, convolution, { className: `Conv${rankOf(call)}D`, config, weights: [kernel] }, graph);
    },
  },
  {
    names: ['DepthwiseConv'],
    parameters: ['x inputs', 'kernel', ...WINDOW],
    lower(call, graph) {
      const kernel = weightIn(call, 'kernel');
      const config = { ...windowOf(call, kernel.shape), depth_multiplier: kernel.shape.at(-1) ?? 0 };
      return asLayer(call, depthwiseConvolution, { className: `DepthwiseConv${rankOf(call)}D`, config, weights: [kernel] }, graph);
    },
  },
  {
    names: ['SeparableConv'],
    parameters: ['x inputs', 'depthwise_kernel', 'pointwise_kernel', ...WINDOW],
    lower(call, graph) {
      const [depthwise, pointwise] = [weightIn(call, 'depthwise_kernel'), weightIn(call, 'pointwise_kernel')];
      const config = {
        ...windowOf(call, depthwise.shape),
        depth_multiplier: depthwise.shape.at(-1) ?? 0,
        filters: pointwise.shape.at(-1) ?? 0,
      };
      const layer = { className: `SeparableConv${rankOf(call)}D`, config, weights: [depthwise, pointwise] };
      return asLayer(call, separableConvolution, layer, graph);
    },
  },
  {
    names: ['BatchNorm'],
    parameters: ['x', 'mean', 'variance', 'offset', 'scale', 'axis', 'epsilon'],
    lower(call, graph) {
      const weights = [weightIn(call, 'mean', 'moving_mean'), weightIn(call, 'variance', 'moving_variance')];
      const own = [...optional(call, 'scale', 'gamma'), ...optional(call, 'offset', 'beta')];
      const config = { ...given(call), axis: call.value('axis') ?? -1, epsilon: call.number('epsilon', 1e-3) };
      return asLayer(call, batchNormalization, { className: 'BatchNormalization', config, weights: [...weights, ...own] }, graph);
    },
  },
  {
    names: ['LayerNorm'],
    parameters: ['x', 'gamma', 'beta', 'axis', 'epsilon', 'rms_scaling'],
    lower(call, graph) {
      if (call.flag('rms_scaling', false) && !call.has('gamma')) return call.unsupported('it scales by nothing');
      const weights = [...optional(call, 'gamma', 'gamma'), ...optional(call, 'beta', 'beta')];
      const config = {
        axis: call.value('axis') ?? -1, epsilon: call.number('epsilon', 1e-7), rms_scaling: call.flag('rms_scaling', false),
        scale: call.has('gamma'), center: call.has('beta'),
      };
      return asLayer(call, layerNormalization, { className: 'LayerNormalization', config, weights }, graph);
    },
  },
  { names: ['RMSNorm'], parameters: ['x', 'scale', 'axis', 'epsilon'], lower: rms },
]; // prettier-ignore

/** The number of spatial axes; the operations are named without it. */
function rankOf(call: OperationCall): number {
  const rank = call.tensor('x').shape.length - 2;
  return rank >= 1 && rank <= 3 ? rank : call.unsupported('its input is no sequence, image or volume');
}

function windowOf(call: OperationCall, kernel: readonly number[]): JsonObject {
  return {
    kernel_size: kernel.slice(0, -2),
    strides: call.value('strides') ?? 1,
    padding: call.text('padding', 'valid').toLowerCase(),
    data_format: dataFormat(call),
    dilation_rate: call.value('dilation_rate') ?? 1,
    use_bias: false,
  };
}

const given = (call: OperationCall) => ({ scale: call.has('scale'), center: call.has('offset') });

function optional(call: OperationCall, parameter: string, name: string): SourceWeight[] {
  return call.has(parameter) ? [weightIn(call, parameter, name)] : [];
}

/** Without a scale x / √(mean(x²) + epsilon), along any axes. */
function rms(call: OperationCall, graph: GraphWriter): Handle | readonly Handle[] {
  const epsilon = call.number('epsilon', 1e-7);
  if (call.has('scale')) {
    const config = { axis: call.value('axis') ?? -1, epsilon };
    return asLayer(call, rmsNormalization, { className: 'RMSNormalization', config, weights: [weightIn(call, 'scale')] }, graph);
  }
  const x = asKeras(graph, graph.float(call.tensor('x')));
  const axes = call.axes('axis', x.shape.length) ?? [x.shape.length - 1];
  const square = graph.like(x, 'Mul', { operands: [x.value], suffix: 'square' });
  const root = rootOf(graph, meanOver(graph.part('mean_square'), square, axes), epsilon);
  return graph.like(x, 'Div', { operands: [root.value] });
} // prettier-ignore
