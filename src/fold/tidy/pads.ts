import type { Node, Use, Value } from '../../onnx/graph.ts';
import { int, ints, type Attribute } from '../../onnx/attribute.ts';
import { isStandard } from '../../onnx/shapes/infer.ts';
import { windowsOf, type Window } from '../../onnx/shapes/window.ts';
import type { Facts } from '../facts.ts';
import { unlessCorrupt } from '../lift/lift.ts';
import type { Fold } from '../report.ts';
import { paddingOf, type Padding } from '../rules/pad.ts';
import type { Workspace } from '../workspace.ts';

/**
 * Zeros that a Pad puts around the image are zeros that the windows behind it can put there themselves, if every
 * reader is one of
 *
 *   Conv         its pads grow by those of the Pad; `auto_pad` is written out as what it comes to behind the Pad
 *   AveragePool  the zeros count as elements, so its own padding has to be none, or count too
 *   MaxPool      pads with −∞, which is as good as 0 where no element is negative and every window holds an element
 *
 * Shapes: x `[N, C, …]`, padded behind axis 1 by amounts that are known and not negative.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Conv.html, …AveragePool.html, …MaxPool.html
 */
export function mergePads(work: Workspace): Fold[] {
  const pads = work.graph.nodes.filter((node) => node.opType === 'Pad' && isStandard(node, work.graph));
  return pads.flatMap((node) => {
    const found = unlessCorrupt(node, () => mergePad(node, work) ?? { kind: 'nothing' });
    return 'name' in found ? [found] : [];
  });
}

function mergePad(node: Node, work: Workspace): Fold | undefined {
  const [x, y] = [node.inputs[0], node.outputs[0]];
  const padding = paddingOf(node, work.facts);
  if (!x || !y || y.uses.size === 0 || work.graph.isOutput(y) || !padding || !isZeroRim(padding)) return undefined;
  const readers: Reader[] = [];
  for (const use of y.uses) {
    const attributes = attributesOf(use, x, padding, work);
    if (!attributes) return undefined;
    readers.push({ node: use.node, attributes });
  }
  const into = readers.map((reader) => reader.node.label);
  for (const reader of readers) {
    const inputs = [x, ...reader.node.inputs.slice(1)];
    work.replace(reader.node, { inputs, attributes: new Map([...reader.node.attributes, ...reader.attributes]) });
  }
  work.remove(node);
  return { name: node.name || y.name, opType: 'Pad', direction: 'forward', way: 'pad', through: [], into };
}

interface Reader {
  readonly node: Node;
  readonly attributes: ReadonlyMap<string, Attribute>;
}

function isZeroRim({ before, after, mode, value }: Padding): boolean {
  const isZero = mode === 'constant' && value?.data.length === 1 && value.data[0] === 0;
  return isZero && [before, after].every((amounts) => amounts.every((amount, axis) => amount >= 0 && (axis > 1 || amount === 0))); // prettier-ignore
}

/** What has to be written into a reader for it to read x instead; undefined if that is not the same. */
function attributesOf(
  { node, index }: Use,
  x: Value,
  padding: Padding,
  work: Workspace,
): ReadonlyMap<string, Attribute> | undefined {
  const { facts } = work;
  const takes = isStandard(node, work.graph) && work.owns(node) && index === 0 ? TAKES[node.opType] : undefined;
  const kernel = node.opType === 'Conv' ? facts.shape(node.inputs[1])?.slice(2) : node.ints('kernel_shape');
  if (!takes || kernel?.length !== padding.before.length - 2 || !isStatic(kernel)) return undefined;
  const windows = windowsOf(node, kernel, facts.shape(node.inputs[0])?.slice(2));
  const [before, after] = [0, 1].map((side) =>
    windows.map(({ pads }, axis) => (pads?.[side] ?? NaN) + [padding.before, padding.after][side]![axis + 2]!),
  ) as [number[], number[]];
  if (![...before, ...after].every(Number.isSafeInteger) || !takes(node, windows, [before, after], x, facts)) return;
  const counts = node.opType === 'AveragePool' ? [['count_include_pad', int(1)] as const] : [];
  const named = node.attributes.has('auto_pad') ? [['auto_pad', { kind: 'string', value: 'NOTSET' }] as const] : [];
  return new Map<string, Attribute>([['pads', ints([...before, ...after])], ...counts, ...named]);
}

const isStatic = (kernel: readonly (number | string)[]): kernel is readonly number[] =>
  kernel.every((size) => typeof size === 'number');

type Takes = (
  node: Node,
  windows: readonly Window[],
  sides: readonly (readonly number[])[],
  x: Value,
  facts: Facts,
) => boolean;

const TAKES: Readonly<Record<string, Takes | undefined>> = {
  AveragePool: (node, windows, sides, _, { opset }) => {
    const countsOwn =
      node.int('count_include_pad', 0) === 1 || windows.every(({ pads }) => pads?.every((p) => p === 0));
    return opset >= 7 && countsOwn && isPoolable(node, windows, sides);
  },
  Conv: () => true,
  MaxPool: (node, windows, sides, x, facts) => {
    const holdsElements = windows.every(({ dilation }) => dilation === 1) && isPoolable(node, windows, sides);
    return holdsElements && !node.outputs[1] && isNotNegative(x, facts);
  },
};

/** Runtimes want less padding than a kernel has taps, and differ where `ceil_mode` lets a window hang over the end. */
const isPoolable = (node: Node, windows: readonly Window[], sides: readonly (readonly number[])[]): boolean =>
  node.int('ceil_mode', 0) === 0 && sides.every((side) => side.every((pad, axis) => pad < windows[axis]!.kernel));

function isNotNegative({ producer }: Value, facts: Facts): boolean {
  if (!producer || !isStandard(producer, facts.graph)) return false;
  if (producer.opType !== 'Clip') return ['Relu', 'Sigmoid'].includes(producer.opType);
  const least = facts.opset < 11 ? producer.float('min', -Infinity) : facts.numbers(producer.inputs[1])?.[0];
  return least !== undefined && least >= 0;
}
