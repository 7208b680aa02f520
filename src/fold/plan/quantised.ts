import { bug } from '../../errors.ts';
import { ARRAY_OF, BITS_PER_ELEMENT, byteLengthOf } from '../../tensor.ts';
import { int } from '../../onnx/attribute.ts';
import { Node, type Value } from '../../onnx/graph.ts';
import { normalAxis } from '../../onnx/shapes/dims.ts';
import { isStandard } from '../../onnx/shapes/infer.ts';
import { storedTensor } from '../../onnx/shapes/initializers.ts';
import { isPureScale, type Affine } from '../algebra/affine.ts';
import { entryOf, type Numbers } from '../lift/constants.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import { fits, type Linear } from '../algebra/linear.ts';
import { absorb, type GraphEditor, type NewParameters, type Rule, type Step } from '../rules/rule.ts';

/** Where a node with weights has its output channels. */
interface Layout {
  /** The axis of W along which they lie, and how many there are; undefined where one entry serves several. */
  readonly axis: number | undefined;
  readonly outputs: number;
  /** The axis of y. */
  readonly outputAxis: number;
}

type LayoutOf = (node: Node, shape: readonly number[], facts: Facts) => Layout;

const LAYOUTS: ReadonlyMap<string, LayoutOf> = new Map<string, LayoutOf>([
  ['Conv', (_, shape) => ({ axis: 0, outputs: shape[0]!, outputAxis: 1 })],
  ['ConvTranspose', (node, shape) => {
    const group = node.int('group', 1);
    return { axis: group === 1 ? 1 : undefined, outputs: shape[1]! * group, outputAxis: 1 };
  }],
  ['Gemm', (node, shape) => {
    const axis = node.int('transB', 0) === 0 ? 1 : 0;
    return { axis, outputs: shape[axis]!, outputAxis: 1 };
  }],
  ['MatMul', (node, shape, facts) => ({ axis: 1, outputs: shape[1]!, outputAxis: facts.lastAxis(node.outputs[0]) })],
]); // prettier-ignore

/**
 * The rule of a Conv, ConvTranspose, Gemm or MatMul, and what it does with weights that are stored as integers q:
 *
 *   W = DequantizeLinear(q, scale, zero) = scale · (q − zero)        behind:  scale′[m] = s[m] · scale[m]
 *
 * The integers stay as they are, so nothing is quantised again, and an affine in front, with a number for each input
 * where there is one scale for each output, is refused. A bias of integers, DequantizeLinear(q, scale of x · scale of
 * W), has its scale multiplied likewise, and takes in no shift, which hardly ever is a whole number of its steps; one
 * of floats is folded as ever. onnxruntime (1.30, on the CPU) reads scales of either sign and 0 as they are, at every
 * level and in its kernels for integers too.
 *
 * Shapes: q `[…, M, …]`; scale and zero `[]`, or `[M]` along `axis`; there are none for each axis until opset 12.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html
 */
export function quantisable(rule: Rule): Rule {
  const layoutOf = LAYOUTS.get(rule.opType) ?? bug(`${rule.opType} has no layout`);
  return {
    ...rule,
    back(node, affine, facts, output) {
      const dequantize = dequantizer(node.inputs[1]);
      if (!dequantize || !isStandard(dequantize, facts.graph)) return rule.back!(node, affine, facts, output);
      return absorbScale(node, dequantize, affine, layoutOf, facts);
    },
    forward(node, index, affine, facts) {
      if (index !== 0 || !dequantizer(node.inputs[1])) return rule.forward!(node, index, affine, facts);
      return refuse(`${node.label} has quantised weights, with no scale for each of its inputs`);
    },
    write(node, parameters, graph) {
      const old = [1, 2].flatMap((index) => dequantizer(node.inputs[index]) ?? []);
      const isQuantised = dequantizer(node.inputs[1]) !== undefined;
      rule.write!(node, isQuantised ? dequantized(node, parameters, layoutOf, graph) : parameters, graph);
      for (const dequantize of old) graph.dropIfUnread(dequantize);
    },
  };
}

const dequantizer = (value: Value | undefined): Node | undefined =>
  value?.producer?.opType === 'DequantizeLinear' ? value.producer : undefined;

function absorbScale(node: Node, dequantize: Node, affine: Affine, layoutOf: LayoutOf, facts: Facts): Step {
  const shape = facts.shape(dequantize.inputs[0]);
  if (!shape?.every((dim) => typeof dim === 'number')) return refuse(`${node.label} has weights of unknown shape`);
  if (node.opType === 'MatMul' && shape.length !== 2) return refuse(`${node.label} has no matrix as its second factor`);
  const layout = layoutOf(node, shape, facts);
  const weight = scalesOf(dequantize, layout, facts);
  const bias = biasOf(node, layout, facts);
  if (weight.kind === 'refuse') return weight;
  if (bias.kind === 'refuse') return bias;
  if (bias.isScale && !isPureScale(affine)) return refuse(`${node.label} has a bias of integers, which takes no shift`);
  const linear = { ...linearOf(weight, bias.numbers, layout), beta: node.float('beta', 1) };
  if (fits(affine, layout.outputAxis, layout.outputs)) return absorb(linear, affine);
  return refuse(
    `${node.label} makes its outputs along axis ${layout.outputAxis}, and the affine acts along axis ${affine.axis}`,
  );
}

type Scales = Numbers & { readonly kind: 'scales' };

/** One scale for each output channel, or why there cannot be such. */
function scalesOf(dequantize: Node, { axis, outputs }: Layout, facts: Facts): Scales | Refusal {
  const [q, scale, zero] = dequantize.inputs;
  const numbers = facts.constant(scale);
  const rank = facts.rank(q) ?? 0;
  if (!numbers) return refuse(`${dequantize.label} has a scale that is not a constant`);
  if (zero && !storedTensor(zero)) return refuse(`${dequantize.label} has a zero point that is not a constant`);
  if (dequantize.int('block_size', 0) !== 0) return refuse(`${dequantize.label} has a scale for each block`);
  if (facts.opset < 13) return refuse(`${dequantize.label} is of an opset without a scale for each output`);
  if (axis === undefined) return refuse(`${dequantize.label} has scales that groups of outputs share`);
  const isWhole = numbers.data.length === 1;
  if (!isWhole && (numbers.shape.length !== 1 || normalAxis(dequantize.int('axis', 1), rank) !== axis))
    return refuse(`${dequantize.label} has its scales along another axis than its outputs`);
  if (!isWhole && numbers.data.length !== outputs) return refuse(`${dequantize.label} has scales of another number`);
  return { kind: 'scales', ...spread(numbers, outputs) };
}

/** A single number repeated for each output. */
function spread({ dtype, data, ...rest }: Numbers, outputs: number): Numbers {
  if (data.length !== 1) return { dtype, data, ...rest, shape: [outputs] };
  const entry = entryOf({ dtype, data, ...rest }, 0);
  return { dtype, shape: [outputs], data: new Array<number>(outputs).fill(data[0]!), ...(rest.values && { values: new Array<typeof entry>(outputs).fill(entry) }) }; // prettier-ignore
}

interface Bias {
  readonly kind: 'bias';
  readonly numbers: Numbers | undefined;
  /** Whether these are not its elements but the scales of integers. */
  readonly isScale: boolean;
}

function biasOf(node: Node, layout: Layout, facts: Facts): Bias | Refusal {
  const value = node.inputs[2];
  const dequantize = dequantizer(value);
  if (dequantize) {
    const length = facts.shape(dequantize.inputs[0]);
    if (length?.length !== 1 || length[0] !== layout.outputs)
      return refuse(`${node.label} has a bias of another shape`);
    const scales = scalesOf(dequantize, { ...layout, axis: 0 }, facts);
    return scales.kind === 'refuse' ? scales : { kind: 'bias', numbers: scales, isScale: true };
  }
  const numbers = facts.constant(value);
  if (value && !numbers) return refuse(`${node.label} has a bias that is not a constant`);
  const isShort = !numbers || (numbers.shape.length === 1 && numbers.shape[0] === layout.outputs);
  return isShort ? { kind: 'bias', numbers, isScale: false } : refuse(`${node.label} has a bias of another shape`);
}

/** The scales take the place of the weights: each belongs to one output, and no affine reaches the inputs. */
function linearOf(weight: Numbers, bias: Numbers | undefined, { outputs }: Layout): Linear {
  const own = (row: number) => row;
  return {
    kind: 'linear',
    weight,
    rows: outputs,
    columns: 1,
    taps: 1,
    inputs: outputs,
    outputs,
    inputOf: own,
    outputOf: own,
    alpha: 1,
    beta: 1,
    bias,
    weightInput: 1,
  };
}

/** The weights, and the bias if it is of integers too, dequantised by their new scales. */
function dequantized(
  node: Node,
  { linear, weight, bias }: NewParameters,
  layoutOf: LayoutOf,
  graph: GraphEditor,
): NewParameters {
  const [old, oldBias] = [dequantizer(node.inputs[1]), dequantizer(node.inputs[2])];
  const shape = graph.facts.shape(old!.inputs[0]) as readonly number[];
  const axis = layoutOf(node, shape, graph.facts).axis!;
  return {
    linear,
    weight: weight && scaledAnew(old!, node, weight, axis, graph),
    bias: bias && oldBias ? scaledAnew(oldBias, node, bias, 0, graph) : bias,
  };
}

/** A DequantizeLinear of the same integers by other scales, in front of the node that reads it. */
function scaledAnew(old: Node, node: Node, scale: Value, axis: number, graph: GraphEditor): Value {
  const [q, , zero] = old.inputs;
  const value = graph.fresh(old.outputs[0]!);
  const outputs = graph.facts.constant(scale)!.data.length;
  const inputs = zero ? [q, scale, spreadZero(zero, outputs, graph)] : [q, scale];
  const attributes = { ...Object.fromEntries(old.attributes), axis: int(axis) };
  graph.insertBefore(node, new Node('DequantizeLinear', { name: value.name, inputs, outputs: [value], attributes }));
  return value;
}

/** The zero point for each output, where there was one for all. */
function spreadZero(zero: Value, outputs: number, graph: GraphEditor): Value {
  const { dtype, data, shape } = storedTensor(zero)!;
  if (shape.length === 1 && shape[0] === outputs) return zero;
  if (dtype === 'string' || !ArrayBuffer.isView(data)) return zero;
  const bits = BITS_PER_ELEMENT[dtype];
  const array = new ARRAY_OF[dtype](bits < 8 ? byteLengthOf(dtype, [outputs]) : outputs) as Int8Array;
  const first = (data as Int8Array)[0]!;
  const pattern = first & (2 ** bits - 1);
  array.fill(
    bits < 8 ? Array.from({ length: 8 / bits }, (_, i) => pattern << (i * bits)).reduce((a, b) => a | b) : first,
  );
  return graph.constant(zero.name, { dtype, shape: [outputs], data: array });
}
