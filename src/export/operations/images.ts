import { int, string } from '../../onnx/attribute.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { isList } from '../layer.ts';
import { CHANNELS_FIRST, type Handle } from '../layout.ts';
import { convolution } from '../layers/convolution.ts';
import { pooling } from '../layers/pooling.ts';
import { resizing } from '../layers/resizing.ts';
import { asChannelsFirst } from '../reorder.ts';
import type { JsonValue } from '../source-model.ts';
import { asLayer, constantWeight } from './as-layer.ts';
import type { OperationCall } from './operation-call.ts';
import type { Operation } from './operation.ts';

/**
 * Operations on images that a layer does too, written as that layer; and blocks of points moved into channels and back:
 *
 *   SpaceToDepth   [N, h·b, w·b, C] → [N, h, w, b·b·C]     DepthToSpace   the other way round, block first
 *
 * TensorFlow orders the channels of a block as (row, column, channel): ONNX's mode DCR, and for the way back a
 * SpaceToDepth whose channels ONNX orders alike.
 * Source: https://www.tensorflow.org/api_docs/python/tf/nn/depth_to_space · https://keras.io/api/ops/
 */
export const IMAGES: readonly Operation[] = [
  {
    names: ['Resize', 'image.resize', 'image.resize_v2'],
    parameters: ['x images image', 'size', 'method interpolation', 'preserve_aspect_ratio', 'antialias', 'data_format'],
    lower: resize,
  },
  pool('MaxPooling', ['MaxPool', 'max_pool', 'max_pool2d', 'max_pool1d', 'max_pool_v2']),
  pool('AveragePooling', ['AveragePool', 'avg_pool', 'avg_pool2d', 'avg_pool1d', 'avg_pool_v2']),
  {
    names: ['DepthToSpace', 'depth_to_space'],
    parameters: ['x input', 'block_size', 'data_format'],
    lower: (call, graph) => blocks(call, 'DepthToSpace', graph),
  },
  {
    names: ['SpaceToDepth', 'space_to_depth'],
    parameters: ['x input', 'block_size', 'data_format'],
    lower: (call, graph) => blocks(call, 'SpaceToDepth', graph),
  },
  { names: ['RGBToGrayscale', 'image.rgb_to_grayscale'], parameters: ['x images', 'data_format'], lower: grayscale },
  {
    names: ['ExtractPatches'],
    parameters: ['x images', 'size', 'strides', 'dilation_rate', 'padding', 'data_format'],
    lower: patches,
  },
];

/** 0.2989·red + 0.587·green + 0.114·blue: a Conv of one point. */
function grayscale(call: OperationCall, graph: GraphWriter): Handle | readonly Handle[] {
  const x = call.tensor('x');
  const format = dataFormat(call);
  const channels = x.shape.at(format === 'channels_last' ? -1 : -3);
  if (channels === 1) return x;
  if (channels !== 3) return call.unsupported('its images have other channels than three');
  const kernel = { shape: [1, 1, 3, 1], data: [0.2989, 0.587, 0.114], dtype: undefined };
  const config = { filters: 1, kernel_size: 1, use_bias: false, data_format: format };
  return asLayer(
    call,
    convolution,
    { className: 'Conv2D', config, weights: [constantWeight('kernel', kernel)] },
    graph,
  );
}

/** More than any kernel of a model; the bound keeps hostile files small. */
const MAX_PATCH = 2 ** 11;

/** The points of each window as channels, (row, column, channel): a Conv whose kernel is the identity. */
function patches(call: OperationCall, graph: GraphWriter): Handle | readonly Handle[] {
  const { shape } = call.tensor('x');
  const format = dataFormat(call);
  const given = call.integers('size') ?? [];
  const [height, width] = given.length === 1 ? [given[0]!, given[0]!] : given;
  if (given.length > 2 || height === undefined || width === undefined)
    return call.unsupported('its patches are no areas');
  const channels = call.known(shape.at(format === 'channels_last' ? -1 : -3), 'the number of its channels');
  const depth = height * width * channels;
  if (!(height > 0 && width > 0 && channels > 0 && depth <= MAX_PATCH))
    return call.malformed('size', `a patch of at most ${MAX_PATCH} numbers`);
  const data = Array.from({ length: depth * depth }, (_, i) => (i % (depth + 1) === 0 ? 1 : 0));
  const kernel = { shape: [height, width, channels, depth], data, dtype: undefined };
  const config = {
    filters: depth,
    kernel_size: [height, width],
    use_bias: false,
    data_format: format,
    strides: call.value('strides') ?? [height, width],
    dilation_rate: call.value('dilation_rate') ?? 1,
    padding: call.text('padding', 'valid').toLowerCase(),
  };
  return asLayer(
    call,
    convolution,
    { className: 'Conv2D', config, weights: [constantWeight('kernel', kernel)] },
    graph,
  );
}

function resize(call: OperationCall, graph: GraphWriter): Handle | readonly Handle[] {
  const [height, width] = call.integers('size') ?? [];
  if (call.flag('preserve_aspect_ratio', false)) return call.unsupported('it keeps the aspect ratio');
  const config = {
    height: height ?? null,
    width: width ?? null,
    interpolation: call.text('method', 'bilinear').toLowerCase(),
    antialias: call.flag('antialias', false),
    data_format: dataFormat(call),
  };
  return asLayer(call, resizing, { className: 'Resizing', config }, graph);
}

export function dataFormat(call: OperationCall): string {
  const given = call.text('data_format', 'channels_last');
  return /^(channels_first|NC)/.test(given) ? 'channels_first' : 'channels_last';
}

function pool(kind: string, names: readonly string[]): Operation {
  return {
    names,
    parameters: ['x input inputs value', 'pool_size ksize', 'strides', 'padding', 'data_format'],
    lower(call, graph) {
      const rank = call.tensor('x').shape.length - 2;
      const config = {
        pool_size: spatial(call, 'pool_size', rank) ?? 2,
        strides: spatial(call, 'strides', rank) ?? null,
        padding: call.text('padding', 'valid').toLowerCase(),
        data_format: dataFormat(call),
      };
      return asLayer(call, pooling, { className: `${kind}${rank}D`, config }, graph);
    },
  };
}

/** TensorFlow takes one number, one for each axis of space, or one for each axis: `[1, 2, 2, 1]`. */
function spatial(call: OperationCall, parameter: string, rank: number): JsonValue | undefined {
  const value = call.value(parameter);
  if (!isList(value) || value.length !== rank + 2) return value;
  return dataFormat(call) === 'channels_last' ? value.slice(1, -1) : value.slice(2);
}

function blocks(call: OperationCall, opType: 'DepthToSpace' | 'SpaceToDepth', graph: GraphWriter): Handle {
  if (dataFormat(call) === 'channels_first') return call.unsupported('it moves channels that come first');
  const x = asChannelsFirst(graph, call.tensor('x'));
  const block = call.integer('block_size', NaN);
  const [batch, height, width, channels] = x.shape as [Dim, Dim, Dim, Dim];
  const sized = (dim: Dim, times: number, axis: number): Dim =>
    typeof dim === 'number' ? dim * times : graph.symbol(axis);
  const [space, depth] = opType === 'DepthToSpace' ? [block, 1 / block ** 2] : [1 / block, block ** 2];
  const shape = [batch, sized(height, space, 1), sized(width, space, 2), sized(channels, depth, 3)];
  if (shape.some((dim) => typeof dim === 'number' && !Number.isInteger(dim))) call.malformed('block_size', 'a divisor');
  const [n, h, w, c] = shape as [Dim, Dim, Dim, Dim];
  const attributes = { blocksize: int(block), ...(opType === 'DepthToSpace' && { mode: string('DCR') }) };
  return graph.handle(graph.node(opType, [x.value], { shape: [n, c, h, w], attributes }), shape, CHANNELS_FIRST);
}
