import { EdgefoldError } from '../errors.ts';
import type { CallArgument, SourceCall, SourceLayer, SourceModel, TensorRef } from './source-model.ts';

export interface Step {
  readonly layer: SourceLayer;
  readonly call: number;
}

/** The tensors of the graph that a call reads, in order; lists are flattened. */
export function refsOf({ args, kwargs }: SourceCall): TensorRef[] {
  return [...args, ...Object.values(kwargs)].flatMap(refsIn);
}

export function refsIn(argument: CallArgument): TensorRef[] {
  if ('ref' in argument) return [argument.ref];
  return 'list' in argument ? argument.list.flatMap(refsIn) : [];
}

export function stepKey({ layer, call }: Pick<TensorRef, 'layer' | 'call'>): string {
  return `${call}:${layer}`;
}

/**
 * The calls that the outputs of a model depend on, each after the calls it reads: depth first from the outputs, in
 * the order in which arguments are written. The model's inputs are no steps.
 *
 * @throws {EdgefoldError} CORRUPT for references to nothing, and for cycles.
 */
export function callOrder(model: SourceModel): Step[] {
  const layers = layersByName(model);
  const state = new Map<string, 'open' | 'done'>(model.inputs.map((ref) => [stepKey(ref), 'done']));
  const steps: Step[] = [];
  // A stack of our own: files with a hundred thousand layers in a row must not exhaust the engine's.
  const pending = model.outputs.map((ref) => ({ ref, entered: false })).reverse();
  for (let task = pending.pop(); task; task = pending.pop()) {
    const { ref, entered } = task;
    const key = stepKey(ref);
    if (state.get(key) === 'done') continue;
    const { layer, call } = resolve(layers, ref);
    if (entered) {
      state.set(key, 'done');
      steps.push({ layer, call: ref.call });
      continue;
    }
    if (state.get(key) === 'open') throw broken(`layer ${ref.layer} depends on its own output`);
    state.set(key, 'open');
    pending.push({ ref, entered: true });
    for (const input of refsOf(call).reverse()) pending.push({ ref: input, entered: false });
  }
  return steps;
}

/**
 * The same calls in the order in which Keras makes them: by their distance from the outputs, and at one distance as
 * they are found on the way back. It matters where a call changes what it reads.
 * Source: keras/src/ops/function.py, `map_graph`
 */
export function kerasOrder(steps: readonly Step[]): Step[] {
  const stepOf = new Map(steps.map((step) => [stepKey({ layer: step.layer.name, call: step.call }), step]));
  const depths = new Map<string, number>();
  const layerDepths = new Map<string, number>();
  for (const [key, { layer, call }] of [...stepOf].reverse()) {
    const depth = Math.max(depths.get(key) ?? 0, layerDepths.get(layer.name) ?? 0);
    layerDepths.set(layer.name, depth);
    depths.set(key, depth);
    for (const read of refsOf(layer.calls[call]!).map(stepKey)) {
      depths.set(read, Math.max(depth + 1, depths.get(read) ?? 0));
    }
  }
  return [...depths].sort(([, a], [, b]) => b - a).flatMap(([key]) => stepOf.get(key) ?? []);
}

function layersByName(model: SourceModel): Map<string, SourceLayer> {
  const layers = new Map<string, SourceLayer>();
  for (const layer of model.layers) {
    if (layers.has(layer.name)) throw broken(`two layers of model ${model.name} are named ${layer.name}`);
    layers.set(layer.name, layer);
  }
  return layers;
}

function resolve(layers: ReadonlyMap<string, SourceLayer>, ref: TensorRef) {
  const layer = layers.get(ref.layer);
  const call = layer?.calls[ref.call];
  if (!layer) throw broken(`it refers to a layer ${ref.layer}, which it does not have`);
  if (!call) throw broken(`it refers to call ${ref.call} of layer ${ref.layer}, which has ${layer.calls.length}`);
  return { layer, call };
}

function broken(problem: string): EdgefoldError {
  return new EdgefoldError('CORRUPT', problem, { where: 'model configuration' });
}
