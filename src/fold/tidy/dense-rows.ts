import { bug } from '../../errors.ts';
import { sizeOf, stridesOf, type Dim, type Tensor } from '../../tensor.ts';
import type { Node, Value } from '../../onnx/graph.ts';
import { isStandard } from '../../onnx/shapes/infer.ts';
import { storedTensor } from '../../onnx/shapes/initializers.ts';
import { isElementwise, onlyReader } from '../plan/elementwise.ts';
import type { Fold } from '../report.ts';
import { permutationOf } from '../rules/transpose.ts';
import { renewTyped } from './transposes.ts';
import type { Workspace } from '../workspace.ts';

/**
 * Transpose → Reshape or Flatten → Gemm or MatMul: what a channels-last Flatten becomes. The Transpose only puts the
 * features in another order, so the rows of the kernel can be instead: with u = transpose(x, p) and the axes from k on
 * merged into the features,
 *
 *   u[i_k, …] = x[i_p⁻¹(k), …]:   W′[row of i in x] = W[row of i in u]
 *
 * which moves numbers and rounds none. The axes in front of k have to stay where they are, all readers of the features
 * have to be kernels of their own, and elementwise operators on the way do not mind.
 *
 * Shapes: x `[…, d_k, …]`, features `[…, F]`, W `[F, N]`, or `[N, F]` by `transB`.
 */
export function reorderRows(work: Workspace): Fold[] {
  const transposes = work.graph.nodes.filter((node) => node.opType === 'Transpose' && isStandard(node, work.graph));
  return transposes.flatMap((node) => reorder(node, work) ?? []);
}

interface Way {
  /** Values that will hold what they held in another order: those as wide as x, and the features behind the Reshape. */
  readonly wide: readonly Value[];
  readonly merged: readonly Value[];
  readonly through: readonly Node[];
  readonly reshape: Node;
  readonly kernels: readonly Node[];
}

function reorder(node: Node, work: Workspace): Fold | undefined {
  const x = node.inputs[0];
  const way = work.owns(node) ? wayFrom(node, work) : undefined;
  const source = way && x && mergedAxes(x, node, way, work);
  if (!x || !source) return undefined;
  for (const kernel of way.kernels) rewrite(kernel, source, work);
  work.bypass(node, x);
  for (const value of way.wide.slice(1)) renewTyped(value, x, work);
  for (const value of way.merged) renewTyped(value, value, work);
  const into = way.kernels.map(({ label }) => label);
  const name = node.name || way.wide[0]!.name;
  return { name, opType: 'Transpose', direction: 'forward', way: 'transpose', through: way.through.map(({ label }) => label), into }; // prettier-ignore
}

/** Past elementwise operators and one Reshape, as long as there is one reader, to kernels that read it all. */
function wayFrom(transpose: Node, work: Workspace): Way | undefined {
  const [wide, merged, through]: [Value[], Value[], Node[]] = [[transpose.outputs[0]!], [], []];
  let reshape: Node | undefined;
  for (let value = wide[0]!, next; (next = onlyReader(value, work)); value = next.outputs[0]!) {
    const isReshape = isStandard(next, work.graph) && (next.opType === 'Reshape' || next.opType === 'Flatten');
    if (isReshape && !reshape) reshape = next;
    else if (!isElementwise(next, work)) break;
    through.push(next);
    (reshape ? merged : wide).push(next.outputs[0]!);
  }
  const features = merged.at(-1);
  if (!reshape || !features || features.uses.size === 0 || work.graph.isOutput(features)) return undefined;
  const readers = [...features.uses].map(({ node, index }) => (index === 0 && isKernel(node, work) ? node : undefined));
  const kernels = readers.filter((reader) => reader !== undefined);
  return kernels.length === readers.length ? { wide, merged, through, reshape, kernels } : undefined;
}

/** Whether the node multiplies its features by weights that nobody else reads. */
function isKernel(node: Node, work: Workspace): boolean {
  const weight = node.inputs[1];
  const isDense = node.opType === 'MatMul' || (node.opType === 'Gemm' && node.int('transA', 0) === 0);
  if (!isDense || !isStandard(node, work.graph) || !work.owns(node) || work.edit(node)) return false;
  return (
    weight?.uses.size === 1 && !work.graph.isOutput(weight) && weight.shape?.length === 2 && isStored(weight, work)
  );
}

const isStored = (weight: Value, { facts }: Workspace) =>
  weight.constant !== undefined && facts.constant(weight) !== undefined && storedTensor(weight) !== undefined;

interface Merged {
  /** Sizes of the merged axes of x, in the order of x. */
  readonly sizes: readonly number[];
  /** Which of them each axis of u is. */
  readonly order: readonly number[];
}

/** The axes that the Reshape merges into the features, if it keeps those in front as they are. */
function mergedAxes(x: Value, node: Node, { reshape }: Way, work: Workspace): Merged | undefined {
  const [perm, shape] = [permutationOf(node, work.facts), work.facts.shape(x)];
  const features = work.facts.shape(reshape.outputs[0])?.at(-1);
  if (!perm || !shape || typeof features !== 'number') return undefined;
  const first = perm.findIndex((axis, at) => axis !== at);
  for (let k = first; k >= 0; k--) {
    const sizes: readonly Dim[] = shape.slice(k);
    if (!sizes.every((size) => typeof size === 'number') || sizeOf(sizes) > features) return undefined;
    const order = perm.slice(k).map((axis) => axis - k);
    if (sizeOf(sizes) === features && keepsFront(reshape, k, work)) return { sizes, order };
  }
  return undefined;
}

/** Whether the Reshape asks for the same shape when the axes from k on are in another order. */
function keepsFront(reshape: Node, k: number, { facts }: Workspace): boolean {
  if (reshape.opType === 'Flatten') return normalAt(reshape.int('axis', 1), facts.rank(reshape.inputs[0])) === k;
  const target = reshape.ints('shape') ?? facts.numbers(reshape.inputs[1]);
  const copied = reshape.int('allowzero', 0) === 0 ? (target?.lastIndexOf(0) ?? -1) : -1;
  return target !== undefined && copied < k;
}

const normalAt = (axis: number, rank = NaN) => (axis < 0 ? axis + rank : axis);

function rewrite(kernel: Node, merged: Merged, work: Workspace): void {
  const [a, weight, ...others] = kernel.inputs;
  const tensor = (weight && storedTensor(weight)) ?? bug(`${kernel.label} has no stored weights`);
  const isTransposed = kernel.opType === 'Gemm' && kernel.int('transB', 0) !== 0;
  const reordered = work.constant(weight!.name, permuted(tensor, rowsOf(merged), isTransposed));
  const note = work.written.findIndex(({ name }) => name === weight!.name);
  if (note >= 0) work.written[note] = { ...work.written[note]!, name: reordered.name };
  work.replace(kernel, { inputs: [a, reordered, ...others] });
}

/** For each row in the order of x, its place in that of u. */
function rowsOf({ sizes, order }: Merged): number[] {
  const strides = stridesOf(order.map((axis) => sizes[axis]!));
  const strideOf = sizes.map((_, axis) => strides[order.indexOf(axis)]!);
  const own = stridesOf(sizes);
  return Array.from({ length: sizeOf(sizes) }, (_, row) =>
    sizes.reduce((place, size, axis) => place + (Math.floor(row / own[axis]!) % size) * strideOf[axis]!, 0),
  );
}

/** The weights with row i taken from `rows[i]`, along the second axis if they are stored transposed. */
function permuted(tensor: Tensor, rows: readonly number[], isTransposed: boolean): Tensor {
  const { dtype, shape } = tensor;
  const data = tensor.data as Float32Array;
  const [height, width] = shape as [number, number];
  const moved = data.slice();
  if (isTransposed) {
    for (let n = 0; n < height; n++) rows.forEach((from, to) => (moved[n * width + to] = data[n * width + from]!));
  } else {
    rows.forEach((from, to) => { moved.set(data.subarray(from * width, (from + 1) * width), to * width); }); // prettier-ignore
  }
  return { dtype, shape, data: moved };
}
