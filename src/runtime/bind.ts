import { EdgefoldError } from '../errors.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import { patternsOf, type NativeResults } from './binding.ts';
import { disposed, wordFor, wordsOf } from './faults.ts';
import { checkShape, refuse } from './inputs.ts';
import type { Bound, Model, Outputs, TensorSpec } from './model.ts';
import { zeros } from './open-session.ts';
import { tensorOf, type Runner } from './runner.ts';

/** {@link Model.bind}: results are copied to where the caller reads them. */
export async function bind(
  model: Pick<Model, 'inputs' | 'run'>,
  runner: Runner,
  shapes: Readonly<Record<string, readonly number[]>>,
  isDisposed: () => boolean,
): Promise<Bound> {
  checkNames(model.inputs, shapes);
  const inputs = Object.fromEntries(model.inputs.map((spec) => [spec.name, memoryFor(spec, shapeOf(spec, shapes))]));
  const outputs = await model.run(inputs);
  const again = runner.bound?.(Object.entries(inputs), writer(outputs));
  if (!again) return { inputs, outputs, run: () => runAnew(model, inputs, outputs) };
  const run = () => (isDisposed() ? Promise.reject(disposed()) : again());
  return { inputs, outputs, run };
}

async function runAnew(model: Pick<Model, 'run'>, inputs: Outputs, outputs: Outputs): Promise<void> {
  const results = await model.run(inputs);
  for (const [name, tensor] of Object.entries(outputs)) overwrite(name, tensor, results[name]!);
}

/** Copies native results to where they are read. */
function writer(outputs: Outputs): (results: NativeResults) => void {
  const targets = Object.entries(outputs);
  return (results) => {
    for (const [name, into] of targets) {
      const native = results[name];
      const data = native && patternsOf(native);
      if (ArrayBuffer.isView(data) && data.length === into.data.length)
        (into.data as Float32Array).set(data as Float32Array);
      else overwrite(name, into, tensorOf(name, results));
    }
  };
}

function checkNames(specs: readonly TensorSpec[], shapes: unknown): void {
  const expected = specs.map(({ name }) => name);
  const unknown = namesOf(shapes).find((name) => !expected.includes(name));
  if (unknown === undefined) return;
  refuse(`input ${unknown}`, expected.join(', ') || 'none', undefined, 'the model has no such input');
}

function namesOf(shapes: unknown): readonly string[] {
  try {
    if (typeof shapes === 'object' && shapes !== null) return Object.keys(shapes);
  } catch {
    // What cannot be read is told of as what it is.
  }
  return refuse('the shapes', 'shapes by name', wordFor(shapes), 'these are no shapes');
}

function memoryFor(spec: TensorSpec, shape: readonly number[]): Tensor {
  try {
    return zeros(spec, shape);
  } catch (error) {
    return refuse(`input ${spec.name}`, undefined, wordsOf(error), `there is no memory for [${shape.join(', ')}]`);
  }
}

/** The given shape, or the model's own where it has no symbolic dimension. */
function shapeOf(spec: TensorSpec, shapes: Readonly<Record<string, readonly number[]>>): readonly number[] {
  if (Object.hasOwn(shapes, spec.name)) return givenShape(spec, shapes);
  const fixed = spec.shape.filter((dim) => typeof dim === 'number');
  if (fixed.length === spec.shape.length) return fixed;
  throw new EdgefoldError('INPUT', 'the input has symbolic dimensions: give its shape', {
    where: `input ${spec.name}`,
    received: `[${spec.shape.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`,
  });
}

function givenShape(spec: TensorSpec, shapes: Readonly<Record<string, readonly number[]>>): readonly number[] {
  try {
    const shape = shapes[spec.name];
    if (!Array.isArray(shape)) refuse(`input ${spec.name}`, 'a list of sizes', wordFor(shape), 'this is no shape');
    const sizes = Array.from<number>(shape);
    checkShape(spec, sizes);
    return sizes;
  } catch (error) {
    if (error instanceof EdgefoldError) throw error;
    return refuse(`input ${spec.name}`, 'a list of sizes', wordsOf(error), 'the shape cannot be read');
  }
}

function overwrite(name: string, into: Tensor, from: Tensor): void {
  if (sizeOf(from.shape) !== sizeOf(into.shape)) {
    throw new EdgefoldError('RUNTIME', 'the output has another shape than at the first run', {
      where: `output ${name}`,
      expected: `[${into.shape.join(', ')}]`,
      received: `[${from.shape.join(', ')}]`,
    });
  }
  if (ArrayBuffer.isView(into.data)) (into.data as Float32Array).set(from.data as Float32Array);
  else (into.data as string[]).splice(0, Infinity, ...(from.data as readonly string[]));
}
