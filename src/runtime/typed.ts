import { EdgefoldError } from '../errors.ts';
import type { Dim, DType, DTypeArray, Tensor } from '../tensor.ts';
import type { Model, RunOptions, TensorSpec } from './model.ts';

type Specs = Readonly<Record<string, { readonly dtype: DType; readonly shape: readonly Dim[] }>>;

/** Inputs and outputs of one model, by name; `edgefold types` writes it. */
export interface ModelSpec {
  readonly inputs: Specs;
  readonly outputs: Specs;
}

/** What `run` takes: an array of the right class, or a tensor. */
export type InputsOf<S extends ModelSpec> = {
  readonly [K in keyof S['inputs']]:
    | DTypeArray[S['inputs'][K]['dtype']]
    | Tensor<S['inputs'][K]['dtype']>
    | { readonly data: DTypeArray[S['inputs'][K]['dtype']]; readonly shape: readonly number[] };
};
/** What `run` gives. */
export type OutputsOf<S extends ModelSpec> = { readonly [K in keyof S['outputs']]: Tensor<S['outputs'][K]['dtype']> };

/** A {@link Model} whose inputs and outputs the compiler knows. */
export interface TypedModel<S extends ModelSpec> extends Omit<Model, 'run' | 'stream'> {
  run(inputs: InputsOf<S>, options?: RunOptions): Promise<OutputsOf<S>>;
}

/**
 * The same model, with the types of its inputs and outputs.
 *
 * @param spec what the program was written against.
 * @throws {EdgefoldError} INTERFACE if the model has others: names, dtypes, ranks, or sizes that both state.
 * @example
 * const digits = typed(await load('digits.onnx'), DIGITS);
 * const { dense_2 } = await digits.run({ image: new Float32Array(784) }); // dense_2.data: Float32Array
 */
export function typed<S extends ModelSpec>(model: Model, spec: S): TypedModel<S> {
  check('input', spec.inputs, model.inputs);
  check('output', spec.outputs, model.outputs);
  return model as unknown as TypedModel<S>;
}

function check(kind: string, wanted: Specs, found: readonly TensorSpec[]): void {
  const byName = new Map(found.map((each) => [each.name, each]));
  for (const [name, { dtype, shape }] of Object.entries(wanted)) {
    const own = byName.get(name);
    if (own?.dtype === dtype && fits(shape, own.shape)) continue;
    throw differs(`${kind} ${name}`, textOf(dtype, shape), own ? textOf(own.dtype, own.shape) : `no such ${kind}`);
  }
  const more = found.find(({ name }) => !Object.hasOwn(wanted, name));
  if (more && kind === 'input') throw differs(`input ${more.name}`, 'no such input', textOf(more.dtype, more.shape));
}

/** Symbols fit anything, and a runtime that knows no rank gives an empty shape. */
const fits = (wanted: readonly Dim[], found: readonly Dim[]): boolean =>
  found.length === 0 ||
  (wanted.length === found.length && wanted.every((dim, axis) => typeof dim === 'string' || typeof found[axis] === 'string' || dim === found[axis])); // prettier-ignore

const textOf = (dtype: DType, shape: readonly Dim[]): string => `${dtype} [${shape.join(', ')}]`;

const differs = (where: string, expected: string, received: string): EdgefoldError =>
  new EdgefoldError('INTERFACE', 'the model is not the one that the program was written for', {
    where,
    expected,
    received,
    hint: 'Write its types anew with "edgefold types".',
  });
