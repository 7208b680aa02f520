import { int, ints, type Attribute } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import type { LayerLowering } from '../lowering.ts';
import { bilinear, nearest } from '../resize.ts';
import { spatialInput, spatialOutput, spatialShape } from '../spatial.ts';

/**
 * Keras `Resizing`: ONNX Resize to a fixed size, of images of any size.
 *
 * Shapes: x `[N, h, w, C]`, y `[N, height, width, C]`. Output point o samples the input at (o + ½)·i/o − ½.
 * Defaults: `interpolation` bilinear, no antialias, no cropping or padding to keep the aspect ratio.
 * TensorFlow's bicubic rounds its sampling points to 1/1024, which ONNX's does not.
 * Source: https://keras.io/api/layers/preprocessing_layers/image_preprocessing/resizing/
 * @throws {EdgefoldError} UNSUPPORTED for the other interpolations, antialias, and keeping the aspect ratio.
 */
export const resizing: LayerLowering = {
  classNames: ['Resizing'],
  note: 'nearest and bilinear; no antialias, aspect ratio not kept',

  lower(layer, [x], graph) {
    for (const option of ['crop_to_aspect_ratio', 'pad_to_aspect_ratio', 'antialias']) {
      if (layer.flag(option, false)) layer.unsupported(`its option ${option} has no exact ONNX form`);
    }
    const input = spatialInput(layer, graph.float(x), graph, 2);
    const sizes = [layer.size('height'), layer.size('width')];
    const attributes = sampling(layer);
    const output = { ...input, sizes };
    const value = resize(input.value, sizes, { shape: spatialShape(output), attributes }, graph);
    return spatialOutput({ ...output, value });
  },
};

function sampling(layer: Layer): Record<string, Attribute> {
  const name = layer.value('interpolation') ?? 'bilinear';
  const attributes = typeof name === 'string' ? INTERPOLATIONS.get(name.toLowerCase()) : undefined;
  return attributes?.() ?? layer.unsupported(`its interpolation ${JSON.stringify(name)} has no exact ONNX form`);
}

const INTERPOLATIONS = new Map([
  ['nearest', nearest],
  ['bilinear', () => bilinear()],
]);

type Output = Required<Pick<Parameters<GraphWriter['node']>[2], 'shape' | 'attributes'>>;

/** Sizes of the last two axes. Before opset 18 they must be given for all axes, so batch and channels are read off. */
function resize(x: Value, sizes: readonly number[], { shape, attributes }: Output, graph: GraphWriter): Value {
  const wanted = graph.integers('sizes', sizes);
  if (graph.opset >= 18) {
    return graph.node('Resize', [x, undefined, undefined, wanted], { shape, attributes: { ...attributes, axes: ints([2, 3]) } }); // prettier-ignore
  }
  const all = graph.node('Shape', [x], { shape: [4], dtype: 'int64', suffix: 'input_shape' });
  const bounds = [graph.integers('first', [0]), graph.integers('third', [2])];
  const kept = graph.node('Slice', [all, ...bounds], { shape: [2], dtype: 'int64', suffix: 'kept' });
  const output = { shape: [4], dtype: 'int64' as const, attributes: { axis: int(0) }, suffix: 'output_shape' };
  const target = graph.node('Concat', [kept, wanted], output);
  return graph.node('Resize', [x, undefined, undefined, target], { shape, attributes });
}
