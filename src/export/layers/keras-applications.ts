import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { inOneLayout } from '../reorder.ts';

/**
 * `CustomScaleLayer` of keras.applications' InceptionResNetV2: y = a + b · scale, for inputs a and b of one shape.
 * Source: keras/src/applications/inception_resnet_v2.py
 */
export const customScale: LayerLowering = {
  classNames: ['CustomScaleLayer'],
  note: 'of keras.applications: the first input and a part of the second',
  merges: true,

  lower(layer, [a, b, ...others], graph) {
    if (!b || others.length > 0) return layer.unsupported('it takes two tensors');
    const typed = [graph.part('input_0').float(a), graph.part('input_1').float(b)];
    const [x, residual] = inOneLayout(graph, typed) as [Handle, Handle];
    const scale = graph.scalar('scale', layer.number('scale', NaN));
    const scaled = graph.like(residual, 'Mul', { operands: [scale], suffix: 'scaled' });
    return graph.like(x, 'Add', { operands: [scaled.value] });
  },
};

/**
 * `LayerScale` of keras.applications' ConvNeXt: y = x · gamma.
 *
 * Shapes: x and y `[N, …, C]`, gamma `[C]`, C being `projection_dim`.
 * Source: keras/src/applications/convnext.py
 */
export const layerScale: LayerLowering = {
  classNames: ['LayerScale'],
  note: 'of keras.applications: a factor for each channel',

  lower(layer, [given], graph) {
    const x = graph.float(given);
    const channels = layer.size('projection_dim');
    const gamma = layer.weight('gamma', [channels]);
    const shape = [...x.shape.slice(1).map(() => 1), channels];
    return graph.like(x, 'Mul', { operands: [graph.broadcastParameter(gamma, shape, x.layout)] });
  },
};
