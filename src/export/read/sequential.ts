import { EdgefoldError } from '../../errors.ts';
import type { JsonValue, TensorRef } from '../source-model.ts';
import { batchShape } from './config.ts';
import { member } from './json.ts';
import type { LayerSpec, ModelSpec } from './spec.ts';

export interface SequentialParts {
  readonly name: string;
  readonly trainable: boolean;
  readonly layers: readonly LayerSpec[];
  /** The input shape that the model as a whole was built with, where the file says it. */
  readonly buildShape: readonly JsonValue[] | undefined;
  readonly where: string;
}

/**
 * A Sequential model with its layers wired one after the other. One that does not list its input gets an InputLayer,
 * named as Keras 2 names it (`<first layer>_input`); its `batch_shape` is what the first layer, the model inside it or
 * the build shape says, and is left out where none says it.
 */
export function wiredSequential({ name, trainable, layers, buildShape, where }: SequentialParts): ModelSpec {
  const first = layers[0];
  if (!first) throw new EdgefoldError('CORRUPT', 'a Sequential model has no layers', { where });
  const listed = first.className === 'InputLayer' ? withShape(first, buildShape) : inputLayerFor(layers, buildShape);
  const rest = first.className === 'InputLayer' ? layers.slice(1) : layers;
  let previous = listed.name;
  const wired = rest.map((layer) => {
    const calls = [{ args: [{ ref: firstOutput(previous) }], kwargs: {} }];
    previous = layer.name;
    return { ...layer, calls };
  });
  return {
    name,
    className: 'Sequential',
    trainable,
    layers: [listed, ...wired],
    inputs: [firstOutput(listed.name)],
    outputs: [firstOutput(previous)],
  };
}

function firstOutput(layer: string): TensorRef {
  return { layer, call: 0, tensor: 0 };
}

function withShape(layer: LayerSpec, buildShape: readonly JsonValue[] | undefined): LayerSpec {
  if (batchShape(layer.config) || !buildShape) return layer;
  return { ...layer, config: { ...layer.config, batch_shape: buildShape } };
}

function inputLayerFor(layers: readonly LayerSpec[], buildShape: readonly JsonValue[] | undefined): LayerSpec {
  const first = layers[0]!;
  const taken = new Set(layers.map(({ name }) => name));
  let name = `${first.name}_input`;
  while (taken.has(name)) name += '_';
  const shape = inputShapeOf(first) ?? buildShape;
  const dtype = member(first.config, 'dtype');
  return {
    name,
    className: 'InputLayer',
    sourceClassName: 'InputLayer',
    module: undefined,
    config: { name, dtype: typeof dtype === 'string' ? dtype : 'float32', ...(shape && { batch_shape: shape }) },
    calls: [],
    trainable: true,
    model: undefined,
    isOperation: false,
  };
}

function inputShapeOf({ config, model }: LayerSpec): readonly JsonValue[] | undefined {
  const inner = model?.layers.find(({ name }) => name === model.inputs[0]?.layer);
  return batchShape(config) ?? (inner && batchShape(inner.config));
}
