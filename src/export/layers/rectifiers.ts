import { float } from '../../onnx/attribute.ts';
import { clip } from '../activations.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { isList, isObject, type Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';

/**
 * Keras `ReLU`, with slope a, threshold θ and largest value m:
 *
 *   y = min(max(x, 0), m)            if x > θ   (the inner max matters for θ < 0 with an m only)
 *   y = a · (x − θ)                   otherwise
 *
 *   a = θ = 0       Relu, or Clip with an m
 *   θ = 0, no m     LeakyRelu
 *   otherwise       the two branches, added
 *
 * Defaults: `negative_slope` 0, `threshold` 0, `max_value` none.
 * Source: https://keras.io/api/layers/activation_layers/relu/ · keras/src/activations/activations.py
 */
export const relu: LayerLowering = {
  classNames: ['ReLU'],
  note: 'negative_slope, threshold and max_value',
  mask: 'keeps',

  lower(layer, [given], graph) {
    const x = graph.float(given);
    const slope = scalar(layer, ['negative_slope', 'alpha'], 0);
    const threshold = layer.number('threshold', 0);
    const most = layer.value('max_value') === undefined ? undefined : layer.number('max_value', 0);
    if (slope === 0) return above(x, threshold, most, graph);
    if (threshold === 0 && most === undefined) return leaky(x, slope, graph);
    const passed = above(x, threshold, most, graph.part('passed'));
    const missing = graph.like(x, 'Sub', { operands: [graph.scalar('threshold', threshold)], suffix: 'missing' });
    const below = graph.like(missing, 'Min', { operands: [graph.scalar('zero', 0)], suffix: 'below' });
    const sloped = graph.like(below, 'Mul', { operands: [graph.scalar('slope', slope)], suffix: 'sloped' });
    return graph.like(passed, 'Add', { operands: [sloped.value] });
  },
};

/** Keras `LeakyReLU`: y = x, or slope · x below 0. `negative_slope` (Keras 2: `alpha`) defaults to 0.3. */
export const leakyRelu: LayerLowering = {
  classNames: ['LeakyReLU'],
  note: 'negative_slope, or alpha of Keras 2',
  mask: 'keeps',
  lower: (layer, [x], graph) => leaky(graph.float(x), scalar(layer, ['negative_slope', 'alpha'], 0.3), graph),
};

/** Keras `ELU`: y = x, or alpha · (eˣ − 1) below 0. `alpha` defaults to 1. */
export const elu: LayerLowering = {
  classNames: ['ELU'],
  note: 'any alpha',
  mask: 'keeps',
  lower: (layer, [x], graph) =>
    graph.like(graph.float(x), 'Elu', { attributes: { alpha: float(scalar(layer, ['alpha'], 1)) } }),
};

/** Keras 2 `ThresholdedReLU`: y = x above theta, else 0. `theta` defaults to 1. */
export const thresholdedRelu: LayerLowering = {
  classNames: ['ThresholdedReLU'],
  note: 'Keras 2; any theta',
  mask: 'keeps',
  lower: (layer, [x], graph) => thresholded(graph.float(x), scalar(layer, ['theta'], 1), graph),
};

/** The branch above the threshold; 0 elsewhere. */
function above(x: Handle, threshold: number, most: number | undefined, graph: GraphWriter): Handle {
  if (threshold === 0) return most === undefined ? graph.like(x, 'Relu') : clip(x, graph, 0, most);
  if (most === undefined) return thresholded(x, threshold, graph);
  return clip(thresholded(x, threshold, graph.part('thresholded')), graph, 0, most);
}

function leaky(x: Handle, slope: number, graph: GraphWriter): Handle {
  return graph.like(x, 'LeakyRelu', { attributes: { alpha: float(slope) } });
}

function thresholded(x: Handle, theta: number, graph: GraphWriter): Handle {
  return graph.like(x, 'ThresholdedRelu', { attributes: { alpha: float(theta) } });
}

/** A number under its name of today or of Keras 2. Old files hold it as an array of one element. */
function scalar(layer: Layer, keys: readonly string[], otherwise: number): number {
  const key = keys.find((name) => layer.value(name) !== undefined) ?? keys[0]!;
  const value = layer.value(key);
  const inner = isObject(value) && 'value' in value ? value.value : value;
  if (isList(inner) && inner.length === 1 && typeof inner[0] === 'number') return inner[0];
  return typeof inner === 'number' ? inner : layer.number(key, otherwise);
}
