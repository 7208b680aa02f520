import { EdgefoldError } from '../errors.ts';
import { ARRAY_OF, BITS_PER_ELEMENT, sizeOf, type Dim, type DType, type DTypeArray, type Tensor } from '../tensor.ts';
import { wordFor, wordsOf } from './faults.ts';
import type { Input, TensorSpec } from './model.ts';

type Data = DTypeArray[DType];

/** The dtypes that onnxruntime's JavaScript binding can carry. */
const RUNNABLE = [
  'float32', 'float64', 'float16', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'bool',
  'string', 'uint4', 'int4',
] as const satisfies readonly DType[]; // prettier-ignore

const RUNNABLE_SET: ReadonlySet<string> = new Set(RUNNABLE);

export type RunnableDType = (typeof RUNNABLE)[number];

export function isRunnable(dtype: string): dtype is RunnableDType {
  return RUNNABLE_SET.has(dtype);
}

/**
 * Pairs every input of the model with a tensor of its dtype, rank and fixed dimensions, so that nothing reaches
 * native code unchecked. Names are taken from own properties only.
 * @throws {EdgefoldError} INPUT.
 */
export function checkInputs(
  specs: readonly TensorSpec[],
  inputs: Readonly<Record<string, Input>>,
): ReadonlyMap<string, Tensor> {
  return new Map(checkedInputs(specs, inputs));
}

/** The same as pairs, in the order of the model's inputs. It is called at every run, so it makes little. */
export function checkedInputs(
  specs: readonly TensorSpec[],
  inputs: Readonly<Record<string, Input>>,
): (readonly [string, Tensor])[] {
  try {
    return pairs(specs, inputs);
  } catch (error) {
    if (error instanceof EdgefoldError) throw error;
    // What the caller's own getters throw.
    return refuse('the inputs', 'tensors by name that can be read', wordsOf(error));
  }
}

function pairs(specs: readonly TensorSpec[], inputs: Readonly<Record<string, Input>>): (readonly [string, Tensor])[] {
  if (typeof inputs !== 'object' || (inputs as unknown) === null) {
    refuse('the inputs', 'tensors by name', wordFor(inputs));
  }
  const tensors: (readonly [string, Tensor])[] = [];
  for (const spec of specs) {
    const { name } = spec;
    if (!Object.hasOwn(inputs, name)) refuseNames(specs, inputs, spec);
    tensors.push([name, checkedInput(spec, inputs)]);
  }
  if (Object.keys(inputs).length !== specs.length) refuseNames(specs, inputs);
  return tensors;
}

/** A name that the model does not have explains more than one that is missing. */
function refuseNames(
  specs: readonly TensorSpec[],
  inputs: Readonly<Record<string, Input>>,
  missing?: TensorSpec,
): void {
  const names = specs.map(({ name }) => name);
  const unknown = Object.keys(inputs).find((name) => !names.includes(name));
  if (unknown !== undefined) fail(unknown, 'the model has no such input', names.join(', ') || 'none');
  if (missing) fail(missing.name, 'the input is missing', describe(missing));
}

/** What the caller's own getters throw is told as what is wrong with the input. */
function checkedInput(spec: TensorSpec, inputs: Readonly<Record<string, Input>>): Tensor {
  try {
    return checkInput(spec, inputs[spec.name]!);
  } catch (error) {
    if (error instanceof EdgefoldError) throw error;
    return fail(spec.name, 'the input cannot be read', describe(spec), wordsOf(error));
  }
}

function checkInput(spec: TensorSpec, input: Input): Tensor {
  const { dtype, data, shape } = parts(spec, input);
  if (dtype !== undefined && dtype !== spec.dtype) fail(spec.name, 'the dtype differs', spec.dtype, dtype);
  checkArray(spec, data);
  const tensor = { dtype: spec.dtype, data, shape: shape ? Array.from(shape) : inferShape(spec, data.length) };
  checkShape(spec, tensor.shape);
  const length = storedLength(spec.dtype, tensor.shape);
  if (data.length !== length) {
    fail(spec.name, 'the data does not fill the shape', `${length} for ${list(tensor.shape)}`, String(data.length));
  }
  return tensor;
}

/** Accepts what TypeScript promises and says so when plain JavaScript gives something else. */
function parts(spec: TensorSpec, input: unknown): { dtype?: DType; data: Data; shape?: readonly number[] } {
  if (ArrayBuffer.isView(input) || Array.isArray(input)) return { data: input as Data };
  if (typeof input === 'object' && input !== null && 'data' in input && 'shape' in input) {
    if (Array.isArray(input.shape)) return input as unknown as Tensor;
  }
  fail(spec.name, 'this is no tensor', `${describe(spec)} as a typed array or { data, shape }`, wordFor(input));
}

function checkArray(spec: TensorSpec, data: unknown): void {
  if (!isRunnable(spec.dtype)) fail(spec.name, `${spec.dtype} cannot be passed from JavaScript`);
  const array = spec.dtype === 'string' ? Array : ARRAY_OF[spec.dtype];
  const fits = data instanceof array && (array !== Array || (data as unknown[]).every((s) => typeof s === 'string'));
  if (!fits) fail(spec.name, 'the array is of the wrong kind', `${array.name} for ${spec.dtype}`, wordFor(data));
  if (data.length === 0 && ArrayBuffer.isView(data) && isDetached(data.buffer))
    fail(spec.name, 'the memory of the array has been transferred', 'an array whose memory is still its own');
}

/** It looks like an array without elements, as for a batch without rows. */
function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    return new Uint8Array(buffer).length > 0;
  } catch {
    return true;
  }
}

/** The shape that `length` elements can only have: no dimension is free, or one is and the others divide it. */
function inferShape(spec: TensorSpec, length: number): readonly number[] {
  let [known, free] = [1, 0];
  for (const dim of spec.shape) {
    if (typeof dim === 'number') known *= dim;
    else free++;
  }
  if (free > 1) fail(spec.name, 'more than one dimension is free', '{ data, shape }', 'an array without a shape');
  if (free === 1 && (known === 0 || length % known !== 0)) {
    fail(
      spec.name,
      'the data fills no shape of this input',
      `a multiple of ${known} for ${list(spec.shape)}`,
      `${length}`,
    );
  }
  return spec.shape.map((dim) => (typeof dim === 'number' ? dim : length / known));
}

export function checkShape(spec: TensorSpec, shape: readonly number[]): void {
  // An empty spec is a scalar or a tensor of unknown rank: onnxruntime judges it.
  let fits = spec.shape.length === 0 || shape.length === spec.shape.length;
  for (const [axis, dim] of shape.entries()) {
    const expected = spec.shape[axis];
    fits &&= Number.isSafeInteger(dim) && dim >= 0 && (typeof expected !== 'number' || expected === dim);
  }
  if (!fits) fail(spec.name, 'the shape differs', list(spec.shape), list(shape));
}

/** Array elements of a tensor: types under 8 bits share bytes. */
export function storedLength(dtype: DType, shape: readonly number[]): number {
  const bits = dtype === 'string' ? 8 : BITS_PER_ELEMENT[dtype];
  return bits < 8 ? Math.ceil((sizeOf(shape) * bits) / 8) : sizeOf(shape);
}

/** `float32 [batch, 28, 28]` */
export function describe({ dtype, shape }: TensorSpec): string {
  return `${dtype} ${list(shape)}`;
}

function list(shape: readonly Dim[]): string {
  return `[${shape.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`;
}

function fail(name: string, summary: string, expected?: string, received?: string): never {
  return refuse(`input ${name}`, expected, received, summary);
}

export function refuse(where: string, expected?: string, received?: string, summary = 'these are no inputs'): never {
  throw new EdgefoldError('INPUT', summary, {
    where,
    ...(expected === undefined ? {} : { expected }),
    ...(received === undefined ? {} : { received }),
  });
}
