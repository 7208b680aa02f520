import { string } from '../../onnx/attribute.ts';
import { float32 } from '../../tensor.ts';
import type { Layer } from '../layer.ts';
import type { LayerLowering } from '../lowering.ts';
import { bilinear } from '../resize.ts';
import { spatialInput, spatialOutput, spatialRank, spatialShape } from '../spatial.ts';

/**
 * Keras `UpSampling1D/2D/3D`: ONNX Resize by whole factors.
 *
 * Shapes: x `[N, …i, C]`, y `[N, …i·size, C]`.
 *
 *   nearest    every point is repeated: source point ⌊o / size⌋
 *   bilinear   sampled at (o + ½)/size − ½; before TensorFlow 2, and in TF.js, at o/size
 *
 * Defaults: `size` 2, `interpolation` nearest.
 * Source: https://keras.io/api/layers/reshaping_layers/up_sampling2d/ · tfjs-layers/src/layers/convolutional.ts
 *         https://onnx.ai/onnx/operators/onnx__Resize.html
 */
export const upSampling: LayerLowering = {
  classNames: ['UpSampling1D', 'UpSampling2D', 'UpSampling3D'],
  note: 'nearest; bilinear in two dimensions',
  traps: 'bilinear samples at the corners in TF.js and Keras before 2.3',

  lower(layer, [x], graph) {
    const rank = spatialRank(layer);
    const isInteger = x.value.dtype === 'int32' && layer.value('interpolation') !== 'bilinear';
    const input = spatialInput(layer, isInteger ? x : graph.float(x), graph);
    const factors = layer.sizes('size', rank, 2);
    const interpolation = layer.value('interpolation') ?? 'nearest';
    if (interpolation !== 'nearest' && (interpolation !== 'bilinear' || rank !== 2)) {
      layer.unsupported(`its interpolation ${JSON.stringify(interpolation)} has no exact ONNX form`);
    }
    const sizes = input.sizes.map((size, i) => {
      return typeof size === 'number' ? size * factors[i]! : factors[i] === 1 ? size : graph.symbol(i + 1);
    });
    const output = { ...input, sizes };
    const scales = graph.constant('scales', float32([rank + 2], [1, 1, ...factors]));
    const value = graph.node('Resize', [input.value, undefined, scales], {
      shape: spatialShape(output),
      dtype: input.value.dtype,
      attributes: interpolation === 'bilinear' ? bilinear(samplesAtCorners(layer)) : repeat(),
    });
    return spatialOutput({ ...output, value });
  },
};

function repeat() {
  return {
    mode: string('nearest'),
    coordinate_transformation_mode: string('asymmetric'),
    nearest_mode: string('floor'),
  };
}

/** Whether the code that trained the model samples at o/size: TF.js, and Keras on TensorFlow 1 (up to Keras 2.2). */
function samplesAtCorners({ origin: { kerasVersion } }: Layer): boolean {
  return kerasVersion.startsWith('tfjs') || /^2\.[0-2]\.\d+$/.test(kerasVersion);
}
