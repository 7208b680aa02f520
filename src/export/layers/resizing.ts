import { int, ints, type Attribute } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import { float32, int64, transposed, type Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import type { LayerLowering } from '../lowering.ts';
import { framed } from '../aspect-ratio.ts';
import { resampling } from '../resampling.ts';
import { bilinear } from '../resize.ts';
import { spatialInput, spatialOutput, spatialShape, type Spatial } from '../spatial.ts';

/**
 * Keras `Resizing` to a fixed size. With i points becoming o:
 *
 *   bilinear   point p samples the input at (p + ½)·i/o − ½: ONNX Resize, of images of any size
 *   nearest    point p takes input point ⌊(p + ½)·i/o⌋, in float32 as TensorFlow has it: one Gather an axis
 *
 * Shapes: x `[N, h, w, C]`, y `[N, height, width, C]`.
 * Defaults: `interpolation` bilinear, no antialias, no cropping or padding to keep the aspect ratio.
 *   others     two products with constant matrices, see {@link resampling}
 *
 * TensorFlow's bicubic rounds its sampling points to 1/1024, which ONNX's does not; ONNX's nearest rounds ties
 * otherwise for some pairs of sizes (14 to 23 is one).
 * Source: https://keras.io/api/layers/preprocessing_layers/image_preprocessing/resizing/
 * @throws {EdgefoldError} UNSUPPORTED for images of unknown size, but where it is bilinear.
 */
export const resizing: LayerLowering = {
  classNames: ['Resizing'],
  note: 'bilinear; from a fixed size also nearest, bicubic, area, lanczos3, lanczos5, gaussian, mitchellcubic, and antialias; aspect ratio kept by a crop or a border',

  lower(layer, [x], graph) {
    const sizes = [layer.size('height'), layer.size('width')];
    const input = spatialInput(layer, framed(layer, graph.float(x), sizes, graph), graph, 2);
    const name = layer.value('interpolation') ?? 'bilinear';
    const antialias = layer.flag('antialias', false);
    if (name === 'bilinear' && !antialias) return spatialOutput(interpolated(input, sizes, graph));
    if (name === 'nearest') return spatialOutput(picked(layer, input, sizes, graph));
    const weights = typeof name === 'string' ? resampling(name, antialias) : undefined;
    if (!weights) return layer.unsupported(`its interpolation ${JSON.stringify(name)} is not known here`);
    return spatialOutput(resampled(layer, input, sizes, weights, graph));
  },
};

/** R · x · Cᵀ for each channel, with R `[height, h]` and C `[width, w]`. */
function resampled(
  layer: Layer,
  input: Spatial,
  sizes: readonly number[],
  weights: (given: number, size: number) => Float32Array,
  graph: GraphWriter,
): Spatial {
  const [h, w] = input.sizes.map((dim) => (typeof dim === 'number' ? dim : layer.unsupported('its input has an unknown size'))) as [number, number]; // prettier-ignore
  const [height, width] = sizes as [number, number];
  if (Math.max(h * height, w * width) > MAX_POINTS * 64) layer.unsupported(`it resizes ${h}·${w} to ${height}·${width} points`); // prettier-ignore
  const R = graph.constant('rows', float32([height, h], weights(h, height)));
  const C = graph.constant('columns', transposed(float32([width, w], weights(w, width)), [1, 0]));
  const tall = { ...input, sizes: [height, w] };
  const rows = graph.node('MatMul', [R, input.value], { shape: spatialShape(tall), suffix: 'of_rows' });
  const output = { ...input, sizes };
  return { ...output, value: graph.node('MatMul', [rows, C], { shape: spatialShape(output) }) };
}

/** Before opset 18, Resize wants the sizes of all axes, so those of batch and channels are read off. */
export function interpolated(
  input: Spatial,
  sizes: readonly number[],
  graph: GraphWriter,
  sampling: Readonly<Record<string, Attribute>> = bilinear(),
): Spatial {
  const output = { ...input, sizes };
  const shape = spatialShape(output);
  const wanted = graph.integers('sizes', sizes);
  const target = graph.opset >= 18 ? wanted : withOuterSizes(input.value, wanted, graph);
  const attributes = { ...sampling, ...(graph.opset >= 18 ? { axes: ints([2, 3]) } : {}) };
  return { ...output, value: graph.node('Resize', [input.value, undefined, undefined, target], { shape, attributes }) };
}

function withOuterSizes(x: Value, wanted: Value, graph: GraphWriter): Value {
  const all = graph.node('Shape', [x], { shape: [4], dtype: 'int64', suffix: 'input_shape' });
  const bounds = [graph.integers('first', [0]), graph.integers('third', [2])];
  const kept = graph.node('Slice', [all, ...bounds], { shape: [2], dtype: 'int64', suffix: 'kept' });
  const output = { shape: [4], dtype: 'int64' as const, attributes: { axis: int(0) }, suffix: 'output_shape' };
  return graph.node('Concat', [kept, wanted], output);
}

/** @param nearest the point of `given` that becomes point p of `size`. */
export function picked(
  layer: Layer,
  input: Spatial,
  [height, width]: readonly number[],
  graph: GraphWriter,
  nearest = nearestCenter,
): Spatial {
  const rows = { ...input, sizes: [height!, input.sizes[1]!] };
  const value = pick(layer, input, { axis: 2, size: height!, nearest }, spatialShape(rows), graph.part('rows'));
  const output = { ...rows, sizes: [height!, width!] };
  return {
    ...output,
    value: pick(layer, { ...rows, value }, { axis: 3, size: width!, nearest }, spatialShape(output), graph),
  };
}

/** More than any image has; the bound keeps a hostile file small. */
const MAX_POINTS = 2 ** 20;

function pick(
  layer: Layer,
  { value, sizes }: Spatial,
  { axis, size, nearest }: { readonly axis: number; readonly size: number; readonly nearest: typeof nearestCenter },
  shape: readonly Dim[],
  graph: GraphWriter,
): Value {
  const given = sizes[axis - 2];
  if (typeof given !== 'number') return layer.unsupported('it takes the nearest points of images of any size');
  if (size > MAX_POINTS) return layer.unsupported(`it makes ${size} points of an axis`);
  const chosen = Array.from({ length: size }, (_, p) => Math.min(nearest(p, given, size), given - 1));
  const points = graph.constant('points', int64(chosen));
  return graph.node('Gather', [value, points], { shape, attributes: { axis: int(axis) } });
}

function nearestCenter(p: number, given: number, size: number): number {
  return Math.floor(Math.fround((p + 0.5) * Math.fround(given / size)));
}
