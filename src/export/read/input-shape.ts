import type { SourceLayer } from '../source-model.ts';
import { batchShape } from './config.ts';

/** Layers that give back the shape they get, so that a kernel behind them still tells the input's. */
const SHAPE_PRESERVING: ReadonlySet<string> = new Set(['Dropout', 'Activation', 'GaussianNoise', 'ReLU', 'Identity']);
/** Axes of the input, batch included, and where the kernel holds the size of the last. */
const KERNEL_INPUT: Readonly<Record<string, { readonly rank: number; readonly axis: number }>> = {
  Dense: { rank: 2, axis: 0 },
  LSTM: { rank: 3, axis: 0 },
  GRU: { rank: 3, axis: 0 },
  SimpleRNN: { rank: 3, axis: 0 },
  Conv1D: { rank: 3, axis: 1 },
  Conv2D: { rank: 4, axis: 2 },
  DepthwiseConv2D: { rank: 4, axis: 2 },
  SeparableConv2D: { rank: 4, axis: 2 },
  Conv3D: { rank: 5, axis: 3 },
};

/**
 * An InputLayer whose shape the file does not state gets what the first kernel behind it shows: `[null, in]` of a
 * Dense `[in, units]`, free height and width and the channels of a Conv2D `[h, w, in / groups, out]`. Any other layer
 * is returned as it is.
 */
export function inputShapeFromKernel(layer: SourceLayer, layers: readonly SourceLayer[]): SourceLayer {
  if (layer.className !== 'InputLayer' || batchShape(layer.config)) return layer;
  const reader = layers.slice(layers.indexOf(layer) + 1).find(({ className }) => !SHAPE_PRESERVING.has(className));
  const kernel = reader?.weights.find(({ name }) => name === 'kernel' || name === 'depthwise_kernel');
  if (!reader || !kernel || !Object.hasOwn(KERNEL_INPUT, reader.className)) return layer;
  if (reader.config.data_format === 'channels_first') return layer;
  const { rank, axis } = KERNEL_INPUT[reader.className]!;
  const groups = typeof reader.config.groups === 'number' ? reader.config.groups : 1;
  const shape = [...new Array<null>(rank - 1).fill(null), kernel.shape[axis]! * groups];
  return { ...layer, config: { ...layer.config, batch_shape: shape } };
}
