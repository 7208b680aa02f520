import { EdgefoldError } from '../errors.ts';
import type { Dim } from '../tensor.ts';
import { CallArguments } from './call-arguments.ts';
import { callOrder, kerasOrder, refsIn, stepKey, type Step } from './call-order.ts';
import { lowerCustom, type CustomRegistry } from './custom/lower-custom.ts';
import { GraphWriter, type Workshop } from './graph-writer.ts';
import { Layer, type Origin } from './layer.ts';
import type { Handle } from './layout.ts';
import type { LayerLowering } from './lowering.ts';
import { LAYER_LOWERINGS } from './layers/index.ts';
import { heedsMask, withMask } from './mask.ts';
import { isOperation, lowerOperation } from './operations/lower-operation.ts';
import { refusal } from './refused-layers.ts';
import type { CallArgument, SourceCall, SourceLayer, SourceModel, TensorRef } from './source-model.ts';
import { isQuantized } from './read/config.ts';

/** Everything that lowering one file shares. */
export interface Job {
  readonly origin: Origin;
  readonly workshop: Workshop;
  /** Why layers cannot be exported, one sentence each; lowering goes on behind them to find the others. */
  readonly problems: Set<string>;
  readonly lowerings: ReadonlyMap<string, LayerLowering>;
  readonly customLayers: CustomRegistry;
  /** Calls lowered so far, nested models included. */
  calls: number;
  readonly outputShapes: Map<string, OutputShapes>;
}

/** Shapes that the outputs of a layer have, as the source sees them. */
export type OutputShapes = readonly (readonly Dim[] | undefined)[];

/** A model as it stands in the whole: where its names begin and what its caller asked for. */
interface Place {
  readonly prefix: string;
  readonly depth: number;
  readonly training: boolean;
}

/** Models that call models that call models grow exponentially; no real one comes near these bounds. */
const MAX_CALLS = 100_000;
const MAX_DEPTH = 64;

/** `undefined` stands for what could not be lowered; the reason is among the problems. */
export type Lowered = Handle | undefined;

export function lowerings(): Map<string, LayerLowering> {
  return new Map(LAYER_LOWERINGS.flatMap((lowering) => lowering.classNames.map((name) => [name, lowering])));
}

/** Writes the nodes of a model and returns its outputs. */
export function lowerModel(job: Job, model: SourceModel, inputs: readonly Lowered[], place: Place): Lowered[] {
  const made = new Map<string, readonly Lowered[]>();
  model.inputs.forEach((ref, i) => made.set(stepKey(ref), [inputs[i]]));
  const find = (ref: TensorRef): Lowered => {
    const found = made.get(stepKey(ref))?.[ref.tensor];
    return found?.mask && job.workshop.unmasked.has(found.value) ? { ...found, mask: undefined } : found;
  };
  const steps = callOrder(model);
  for (const step of takesMasksOff(model) ? kerasOrder(steps) : steps) {
    if (++job.calls > MAX_CALLS) throw new EdgefoldError('LIMIT', `the model calls more than ${MAX_CALLS} layers`);
    made.set(stepKey({ layer: step.layer.name, call: step.call }), lowerStep(job, step, find, place));
  }
  return model.outputs.map(find);
}

/** Whether what a layer gets depends on which layers have run before it. */
function takesMasksOff({ layers }: SourceModel): boolean {
  return layers.some(
    ({ className, model }) => className === 'MultiHeadAttention' || (model !== undefined && takesMasksOff(model)),
  );
}

function lowerStep(
  job: Job,
  { layer: source, call }: Step,
  find: (ref: TensorRef) => Lowered,
  place: Place,
): readonly Lowered[] {
  const written = source.calls[call]!;
  const training = asksForTraining(written, job.origin) ?? place.training;
  const layer = new Layer(
    source,
    job.origin,
    training,
    heedsMask(written, job.origin),
    new CallArguments(written, find),
  );
  const inputs = tensorArguments(written).map(find);
  const name = nameOf(place, source, call);
  const custom = job.customLayers.find(source, `${place.prefix}${source.name}`);
  const graph = new GraphWriter(job.workshop, name);
  const outputs =
    !custom && isModel(job, source)
      ? lowerNested(job, layer, inputs, { ...place, prefix: `${name}/` })
      : noting(job, () => {
          if (custom) return inputs.every((x) => x !== undefined) ? lowerCustom(custom, layer, inputs, graph) : [];
          if (isOperation(layer)) return lowerOperation(layer, written, find, graph);
          return lowerLayer(job, layer, written, withMask(layer, inputs, written, find), graph);
        });
  job.outputShapes.set(name, outputs.map((output) => output?.shape)); // prettier-ignore
  return outputs;
}

/** Wrappers hold a model of the layers that they wrap, and know themselves what to do with them. */
function isModel({ lowerings }: Job, { model, className }: SourceLayer): boolean {
  return model !== undefined && !lowerings.has(className);
}

/** The second call of a layer has a name of its own, so that names stay apart without a search. */
function nameOf({ prefix }: Place, { name }: SourceLayer, call: number): string {
  return call === 0 ? `${prefix}${name}` : `${prefix}${name}_${call}`;
}

function lowerNested(job: Job, layer: Layer, inputs: readonly Lowered[], { prefix, depth }: Place): Lowered[] {
  const { model } = layer.source;
  if (depth >= MAX_DEPTH) throw new EdgefoldError('LIMIT', `models are nested more than ${MAX_DEPTH} deep`);
  if (model?.inputs.length === inputs.length) {
    return lowerModel(job, model, inputs, { prefix, depth: depth + 1, training: layer.training });
  }
  throw new EdgefoldError('CORRUPT', 'the model is called with another number of tensors than it has inputs', {
    where: layer.label,
    expected: String(model?.inputs.length),
    received: String(inputs.length),
  });
}

function lowerLayer(
  job: Job,
  layer: Layer,
  call: SourceCall,
  inputs: readonly Lowered[],
  graph: GraphWriter,
): readonly Lowered[] {
  const known = inputs.filter((input) => input !== undefined);
  const [first, ...rest] = known;
  const lowering = job.lowerings.get(layer.className) ?? refuse(layer);
  if (layer.training && lowering.inTraining) {
    layer.unsupported(`it is called with training=True, where it ${lowering.inTraining}`);
  }
  if (call.args.some(holdsConstant)) layer.unsupported('it is called with a constant');
  refuseQuantized(layer);
  warnOfPrecision(layer, job.workshop.warnings);
  if (known.length < inputs.length) return [];
  if (!first || (rest.length > 0 && !lowering.merges)) layer.unsupported(`it is called with ${inputs.length} tensors`);
  return lowered(lowering, layer, [first, ...rest], graph);
}

/** What a layer gives, with the mask that Keras would pass on. */
function lowered(
  lowering: LayerLowering,
  layer: Layer,
  inputs: readonly [Handle, ...Handle[]],
  graph: GraphWriter,
): readonly Handle[] {
  const results = [lowering.lower(layer, inputs, graph)].flat();
  if (lowering.mask === 'own') return results;
  const mask = lowering.mask === 'keeps' ? inputs[0].mask : undefined;
  return results.map((result) => ({ ...result, mask }));
}

/**
 * A layer inside another's configuration, which has no call of its own, or one that another wraps.
 * @throws {EdgefoldError} UNSUPPORTED if it, or a layer of the model that it is, cannot be exported.
 */
export function lowerInner(job: Job, source: SourceLayer, x: Handle, graph: GraphWriter): Handle {
  const layer = new Layer(source, job.origin);
  const custom = job.customLayers.find(source, graph.name);
  if (!custom && isModel(job, source)) {
    const [output, ...others] = lowerNested(job, layer, [x], { prefix: `${graph.name}/`, depth: 0, training: false });
    if (others.length > 0) layer.unsupported('it has several outputs and is wrapped in another layer');
    return output ?? layer.unsupported('the model holds layers that cannot be exported');
  }
  refuseQuantized(layer);
  const [result, ...others] = custom
    ? lowerCustom(custom, layer, [x], graph)
    : lowered(job.lowerings.get(source.className) ?? refuse(layer), layer, [x], graph);
  if (others.length > 0) layer.unsupported('it has several outputs and is wrapped in another layer');
  return result!;
}

function refuse(layer: Layer): never {
  const { reason, hint } = refusal(layer);
  return layer.unsupported(reason, hint);
}

/** Collects what is unsupported; everything else is thrown at once. */
function noting(job: Job, lower: () => readonly Lowered[]): readonly Lowered[] {
  try {
    return lower();
  } catch (error) {
    if (!(error instanceof EdgefoldError) || error.code !== 'UNSUPPORTED') throw error;
    job.problems.add(error.message);
    return [];
  }
}

/** A mask argument goes along with its tensor. */
function tensorArguments({ args, kwargs }: SourceCall): TensorRef[] {
  const named = Object.entries(kwargs).filter(([name]) => name !== 'mask');
  return [...args, ...named.map(([, argument]) => argument)].flatMap(refsIn);
}

/**
 * What the call itself says about training; `undefined` leaves it to the model around it. In Keras 3 `predict` decides
 * for all layers, whatever their calls say; it writes `training=True` for each image augmentation.
 */
function asksForTraining({ kwargs }: SourceCall, { kerasMajor }: Origin): boolean | undefined {
  if (kerasMajor === 3) return undefined;
  const training = Object.hasOwn(kwargs, 'training') ? kwargs.training : undefined;
  const value = training && 'constant' in training ? training.constant : undefined;
  return typeof value === 'boolean' ? value : undefined;
}

function holdsConstant(argument: CallArgument): boolean {
  if ('list' in argument) return argument.list.some(holdsConstant);
  return 'constant' in argument && argument.constant !== null;
}

/** Keras rounds to half precision between layers; the exported model does not. */
function warnOfPrecision({ source }: Layer, warnings: Set<string>): void {
  const policy = JSON.stringify(source.config.dtype ?? null);
  const half = /mixed_b?float16|"b?float16"/.exec(policy)?.[0].replaceAll('"', '');
  if (half) warnings.add(`The model computes in ${half}; the exported one computes in float32.`);
}

/** Weights stored as scaled integers are not what the layer computes with. */
function refuseQuantized(layer: Layer): void {
  if (isQuantized(layer.source.config)) layer.unsupported('it is quantized', 'Save the model before quantizing it.');
}
