import { EdgefoldError } from '../../errors.ts';
import type { TensorSpec } from '../../runtime/model.ts';
import { describe } from '../../runtime/inputs.ts';
import { sizeOf, type Dim, type Tensor } from '../../tensor.ts';
import { toDType } from './to-dtype.ts';

/** How numbers of a file become numbers of the model: value · scale + offset. */
export interface Scaling {
  readonly scale: number;
  readonly offset: number;
}

/** A tensor fitted to an input, and what was done to it, in words. */
export interface FittedInput {
  readonly tensor: Tensor;
  readonly notes: readonly string[];
}

export interface FitOptions {
  /** Default: pictures 1/white for a float input; everything else as it is. */
  readonly scale?: number | undefined;
  /** Default 0. */
  readonly offset?: number | undefined;
  /** Use the first so many samples. */
  readonly take?: number | undefined;
}

/**
 * Fits a tensor to an input of the model: first samples, shape, scaling, dtype. Shapes may differ by dimensions of 1
 * (a missing batch or channel) or by flattening each sample; never by the order of dimensions.
 *
 * @throws {EdgefoldError} INPUT; USAGE if fewer samples are there than are to be taken.
 */
export function fitTensor(
  { tensor, white }: { readonly tensor: Tensor; readonly white?: number | undefined },
  spec: TensorSpec,
  options: FitOptions,
): FittedInput {
  const notes: string[] = [];
  const taken = take(tensor, options.take, `input ${spec.name}`);
  if (taken !== tensor) notes.push(`first ${options.take} of ${tensor.shape[0]} samples`);
  const shape = fittingShape(taken.shape, spec.shape);
  if (!shape) {
    throw new EdgefoldError('INPUT', 'the shape does not fit', {
      where: `input ${spec.name}`,
      expected: describe(spec),
      received: describe({ ...spec, dtype: taken.dtype, shape: taken.shape }),
      ...hintFor(taken.shape, spec.shape),
    });
  }
  const scaling = scalingFor(spec, white, options);
  notes.push(...scalingNote(scaling, white));
  return { tensor: toDType(taken, { dtype: spec.dtype, shape, scaling, where: `input ${spec.name}` }), notes };
}

/** A picture's range becomes 0…1 for a float input; a model that takes integers takes pixels as they are. */
export function scalingFor({ dtype }: TensorSpec, white: number | undefined, options: FitOptions): Scaling {
  const otherwise = white !== undefined && dtype.startsWith('float') ? 1 / white : 1;
  return { scale: options.scale ?? otherwise, offset: options.offset ?? 0 };
}

export function scalingNote({ scale, offset }: Scaling, white: number | undefined): string[] {
  if (scale === 1 && offset === 0) return [];
  const factor = white !== undefined && scale === 1 / white ? `1/${white}` : String(scale);
  return [`values × ${factor}${offset === 0 ? '' : ` ${offset < 0 ? '−' : '+'} ${Math.abs(offset)}`}`];
}

function take(tensor: Tensor, count: number | undefined, where: string): Tensor {
  const samples = tensor.shape[0] ?? 1;
  checkTake(count, samples, where);
  if (count === undefined || count === samples) return tensor;
  const shape = [count, ...tensor.shape.slice(1)];
  return { ...tensor, shape, data: tensor.data.slice(0, sizeOf(shape)) };
}

/** @throws {EdgefoldError} USAGE if there are not so many samples. */
export function checkTake(count: number | undefined, samples: number, where: string): void {
  if (count === undefined || count <= samples) return;
  throw new EdgefoldError('USAGE', `--take ${count} is more than the file holds`, {
    where,
    received: `${samples} ${samples === 1 ? 'sample' : 'samples'}`,
    hint: samples === 0 ? 'The file is empty.' : `Leave --take out for all of them, or give at most ${samples}.`,
  });
}

/** The shape the data takes in the model, or `undefined` if it can have none. */
export function fittingShape(shape: readonly number[], wanted: readonly Dim[]): readonly number[] | undefined {
  if (matches(shape, wanted)) return shape;
  const total = sizeOf(shape);
  const rest = sizeOf(wanted.slice(1).map((dim) => (typeof dim === 'number' ? dim : NaN)));
  const [batch] = wanted;
  // Only with every other dimension fixed is there one way to lay the samples out.
  if (batch === undefined || !(rest > 0) || total % rest !== 0) return undefined;
  const full = [total / rest, ...wanted.slice(1).map(Number)];
  if (!matches(full, wanted)) return undefined;
  const sameButOnes = without1(shape).join() === without1(full).join();
  const samplesStay = shape[0] === full[0] || full[0] === 1;
  const flat = without1(shape.slice(shape[0] === full[0] ? 1 : 0)).length === 1 || wanted.length === 2;
  return sameButOnes || (samplesStay && flat) ? full : undefined;
}

function matches(shape: readonly number[], wanted: readonly Dim[]): boolean {
  // A spec without dimensions is a scalar or of unknown rank: the runtime judges it.
  if (wanted.length === 0) return true;
  return shape.length === wanted.length && wanted.every((dim, axis) => typeof dim === 'string' || dim === shape[axis]);
}

function without1(shape: readonly number[]): number[] {
  return shape.filter((dim) => dim !== 1);
}

function hintFor(shape: readonly number[], wanted: readonly Dim[]): { hint?: string } {
  const [batch] = wanted;
  if (typeof batch === 'number' && fittingShape(shape, ['', ...wanted.slice(1)])) {
    return { hint: `The model takes exactly ${batch} at a time: use --take ${batch}.` };
  }
  const sorted = (dims: readonly Dim[]) => [...dims.slice(1)].map(String).sort().join();
  if (shape.length !== wanted.length || sorted(shape) !== sorted(wanted)) return {};
  return { hint: 'The dimensions are there in another order: transpose the data before you save it.' };
}
