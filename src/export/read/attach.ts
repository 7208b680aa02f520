import { EdgefoldError } from '../../errors.ts';
import type { SourceLayer, SourceModel, SourceWeight } from '../source-model.ts';
import type { LayerSpec, ModelSpec, NamedWeight, StoredWeight, WeightBindings } from './spec.ts';
import { isStatistic } from './variable-names.ts';
import { hasRank } from './weight-shapes.ts';
import { inputShapeFromKernel } from './input-shape.ts';

/**
 * Puts bound weights into the model.
 * @throws {EdgefoldError} WEIGHTS for a weight of the wrong rank.
 */
export function attachWeights(model: ModelSpec, bindings: WeightBindings, where: string): SourceModel {
  return attachModel(model, bindings, model.trainable, where);
}

/** Says which weights of the file no layer has taken. */
export function leftOverWarnings(stored: readonly StoredWeight[], bindings: WeightBindings): readonly string[] {
  const taken = new Set([...bindings.values()].flat().map((weight) => weight.stored));
  const left = stored.filter((weight) => !taken.has(weight)).map(({ name }) => name);
  if (left.length === 0) return [];
  const shown = left.slice(0, 5).join(', ') + (left.length > 5 ? ', …' : '');
  return [`${left.length} weights of the file belong to no layer and were left out: ${shown}`];
}

function attachModel(model: ModelSpec, bindings: WeightBindings, trainable: boolean, where: string): SourceModel {
  const layers = model.layers.map((layer) => attachLayer(layer, bindings, trainable, where));
  return {
    name: model.name,
    layers: layers.map((layer) => inputShapeFromKernel(layer, layers)),
    inputs: model.inputs,
    outputs: model.outputs,
  };
}

function attachLayer(layer: LayerSpec, bindings: WeightBindings, parentTrains: boolean, where: string): SourceLayer {
  const trainable = parentTrains && layer.trainable && (layer.model?.trainable ?? true);
  return {
    name: layer.name,
    className: layer.className,
    sourceClassName: layer.sourceClassName,
    module: layer.module,
    config: layer.config,
    calls: layer.calls,
    weights: (bindings.get(layer) ?? []).map((weight) => sourceWeight(layer, weight, trainable, where)),
    trainable,
    model: layer.model && attachModel(layer.model, bindings, trainable, `${where}, layer ${layer.name}`),
  };
}

function sourceWeight(
  layer: LayerSpec,
  { variable, stored }: NamedWeight,
  trainable: boolean,
  where: string,
): SourceWeight {
  if (!hasRank(layer, variable, stored.shape.length)) {
    throw new EdgefoldError('WEIGHTS', `the ${variable} of a ${layer.sourceClassName} has the wrong number of axes`, {
      where: `${where}, layer ${layer.name}`,
      received: `[${stored.shape.join(', ')}] in ${stored.path}`,
      hint: 'The weights may belong to another model.',
    });
  }
  return {
    name: variable,
    path: stored.path,
    trainable: trainable && !isStatistic(variable),
    shape: stored.shape,
    tensor: () => stored.tensor(),
  };
}
