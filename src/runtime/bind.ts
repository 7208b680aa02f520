import { EdgefoldError } from '../errors.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import type { Bound, Model, TensorSpec } from './model.ts';
import { zeros } from './open-session.ts';

/** {@link Model.bind} over any model: results are copied to where the caller reads them. */
export async function bind(
  model: Pick<Model, 'inputs' | 'run'>,
  shapes: Readonly<Record<string, readonly number[]>>,
): Promise<Bound> {
  const inputs = Object.fromEntries(model.inputs.map((spec) => [spec.name, zeros(spec, shapeOf(spec, shapes))]));
  const outputs = await model.run(inputs);
  return {
    inputs,
    outputs,
    run: async () => {
      const results = await model.run(inputs);
      for (const [name, tensor] of Object.entries(outputs)) overwrite(name, tensor, results[name]!);
    },
  };
}

/** The given shape, or the model's own where it has no symbolic dimension. */
export function shapeOf(spec: TensorSpec, shapes: Readonly<Record<string, readonly number[]>>): readonly number[] {
  if (Object.hasOwn(shapes, spec.name)) return shapes[spec.name]!;
  const fixed = spec.shape.filter((dim) => typeof dim === 'number');
  if (fixed.length === spec.shape.length) return fixed;
  throw new EdgefoldError('INPUT', 'the input has symbolic dimensions: give its shape', {
    where: `input ${spec.name}`,
    received: `[${spec.shape.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`,
  });
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
