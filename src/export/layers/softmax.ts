import { softmax } from '../activations.ts';
import { hidden } from '../attention/visible.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { reducedOver } from '../moments.ts';
import { asKeras } from '../reorder.ts';

/**
 * Keras `Softmax` along one axis or, in Keras 3, several:
 *
 *   y_i = exp(x_i) / Σ exp(x_j)          several axes: y = exp(x − log Σ exp(x_j))
 *
 * Where a mask is false x counts as −10⁹, and y is 0 in Keras 3.
 * On a channels-first x it runs along the axis where the given one lies; nothing is moved.
 * Defaults: `axis` −1.
 * Source: https://keras.io/api/layers/activation_layers/softmax/
 */
export const softmaxLayer: LayerLowering = {
  classNames: ['Softmax'],
  note: 'one axis or several, a mask of the same rank',
  traps: 'where all is masked Keras 3 gives zero, Keras 2 the same for all',
  mask: 'own',

  lower(layer, [given], graph) {
    const mask = given.mask?.();
    if (mask && mask.shape?.length !== given.shape.length)
      layer.unsupported('its mask has another rank than its input');
    const x = mask ? hidden(graph, asKeras(graph, graph.float(given)), mask) : graph.float(given);
    const axes = layer.axes('axis', x.shape.length, [-1]);
    const clears = mask !== undefined && layer.kerasMajor === 3;
    const writer = clears ? graph.part('all') : graph;
    const y = axes.length === 1 ? softmax(x, writer, axes[0]) : overAxes(x, axes, writer);
    const inputs = [mask, y.value, graph.scalar('zero', 0)];
    return { ...(clears ? { ...y, value: graph.node('Where', inputs, { shape: y.shape }) } : y), mask: given.mask };
  },
};

function overAxes(x: Handle, axes: readonly number[], graph: GraphWriter): Handle {
  const logSum = reducedOver(graph.part('log_sum'), 'ReduceLogSumExp', x, axes);
  const logits = graph.like(x, 'Sub', { operands: [logSum.value], suffix: 'log' });
  return graph.like(logits, 'Exp');
}
