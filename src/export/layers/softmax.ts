import { int } from '../../onnx/attribute.ts';
import { softmax } from '../activations.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { physicalAxis, physicalShape, type Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';

/**
 * Keras `Softmax` along one axis or, in Keras 3, several:
 *
 *   y_i = exp(x_i) / Σ exp(x_j)          several axes: y = exp(x − log Σ exp(x_j))
 *
 * On a channels-first x it runs along the axis where the given one lies; nothing is moved.
 * Defaults: `axis` −1.
 * Source: https://keras.io/api/layers/activation_layers/softmax/
 */
export const softmaxLayer: LayerLowering = {
  classNames: ['Softmax'],
  note: 'one axis or several',
  mask: 'own',

  lower(layer, [given], graph) {
    if (given.mask) layer.unsupported('it is masked by an Embedding with mask_zero');
    const x = graph.float(given);
    const axes = layer.axes('axis', x.shape.length, [-1]);
    return axes.length === 1 ? softmax(x, graph, axes[0]) : overAxes(x, axes, graph);
  },
};

function overAxes(x: Handle, axes: readonly number[], graph: GraphWriter): Handle {
  const { inputs, attributes } = graph.axes(
    axes.map((axis) => physicalAxis(x, axis)),
    18,
  );
  const shape = physicalShape(
    x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim)),
    x.layout,
  );
  const output = { shape, attributes: { ...attributes, keepdims: int(1) }, suffix: 'log_sum' };
  const logSum = graph.node('ReduceLogSumExp', [x.value, ...inputs], output);
  const logits = graph.like(x, 'Sub', { operands: [logSum], suffix: 'log' });
  return graph.like(logits, 'Exp');
}
