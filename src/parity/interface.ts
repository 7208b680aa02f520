import type { Model, TensorSpec } from '../runtime/model.ts';

type Interface = Pick<Model, 'inputs' | 'outputs'>;

/**
 * Why the candidate cannot stand in for the reference: names in order, dtypes, ranks and fixed sizes must agree. An
 * input that was free must stay free. Undefined when it can.
 */
export function interfaceDifference(reference: Interface, candidate: Interface): string | undefined {
  return (
    listDifference('input', reference.inputs, candidate.inputs) ??
    listDifference('output', reference.outputs, candidate.outputs)
  );
}

function listDifference(
  kind: 'input' | 'output',
  reference: readonly TensorSpec[],
  candidate: readonly TensorSpec[],
): string | undefined {
  const names = (specs: readonly TensorSpec[]) => specs.map(({ name }) => name).join(', ') || 'none';
  if (reference.length !== candidate.length || reference.some(({ name }, i) => name !== candidate[i]!.name)) {
    return `the ${kind}s differ: ${names(reference)} in the reference, ${names(candidate)} in the candidate`;
  }
  const differs = kind === 'input' ? inputDiffers : outputDiffers;
  const at = reference.findIndex((spec, i) => differs(spec, candidate[i]!));
  if (at < 0) return undefined;
  return `${kind} ${reference[at]!.name} differs: ${form(reference[at]!)} in the reference, ${form(candidate[at]!)} in the candidate`;
}

function inputDiffers(reference: TensorSpec, candidate: TensorSpec): boolean {
  const fixed = ({ shape }: TensorSpec) => shape.map((dim) => (typeof dim === 'number' ? dim : '?')).join();
  return reference.dtype !== candidate.dtype || fixed(reference) !== fixed(candidate);
}

/** Output shapes are what the runtime could infer, so a size is compared only where both sides know one. */
function outputDiffers(reference: TensorSpec, candidate: TensorSpec): boolean {
  const known = reference.shape.length > 0 && candidate.shape.length > 0;
  const clash = reference.shape.some((dim, axis) => {
    const other = candidate.shape[axis];
    return typeof dim === 'number' && typeof other === 'number' && dim !== other;
  });
  return reference.dtype !== candidate.dtype || (known && (reference.shape.length !== candidate.shape.length || clash));
}

function form({ dtype, shape }: TensorSpec): string {
  return `${dtype} [${shape.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`;
}
