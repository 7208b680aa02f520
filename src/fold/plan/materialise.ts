import { sizeOf } from '../../tensor.ts';
import { bug } from '../../errors.ts';
import { Constant } from '../../onnx/constant.ts';
import type { Node, Value } from '../../onnx/graph.ts';
import { at, isOne, type Vector } from '../algebra/affine.ts';
import { multiply } from '../algebra/double-double.ts';
import { biasOf, biasShape, changesBias, changesWeights, stepsOf, type Edit, type Linear } from '../algebra/linear.ts';
import { areAllDecided } from '../algebra/range.ts';
import { RoundedArray, type Storage } from '../algebra/rounding.ts';
import type { Product } from '../lift/constants.ts';
import { expanded, seedOf } from '../lift/generated.ts';
import { ruleOf } from '../rules/index.ts';
import type { Scratch, Workspace } from '../workspace.ts';

/** New parameters that folding has written for one node, and how many of them are proved to be correctly rounded. */
export interface Written {
  /** Label of the node that reads them. */
  readonly node: string;
  readonly role: 'weight' | 'bias';
  /** Name of the initializer. */
  readonly name: string;
  readonly dtype: Storage;
  readonly total: number;
  readonly correctlyRounded: number;
}

/** Weights of more elements are not held: 2²⁰ bytes. */
const LARGE = 2 ** 18;

/** Writes every weight and bias that has changed: computed in about 106 bits, rounded once, under a fresh name. */
export function materialise(work: Workspace): void {
  // By keys, so that nothing holds on to the weights of a node that has been written.
  for (const node of [...work.edits.keys()]) write(node, work);
}

function write(node: Node, work: Workspace): void {
  const { linear, edit } = work.edits.get(node) ?? bug(`${node.label} has nothing to write`);
  work.edits.delete(node);
  const old = linear.rows > 0 ? weightsOf(node, linear) : undefined;
  const weight = old && changesWeights(edit, linear) ? newWeight(node, linear, edit, work) : undefined;
  const bias = changesBias(edit, linear) ? newBias(node, linear, edit, work) : undefined;
  ruleOf(node, work.graph)?.write?.(node, { linear, weight, bias }, work);
  if (old?.uses.size === 0) work.facts.forget(old);
}

function newWeight(node: Node, linear: Linear, edit: Edit, work: Workspace): Value {
  const [old, shape] = [weightsOf(node, linear), linear.weight.shape];
  if (old.constant && linear.weight.dtype === 'float32' && sizeOf(shape) >= LARGE)
    return laterWeight(node, linear, edit, work);
  const array = scaledWeights(linear, edit);
  const seed = seedOf(old, array.tensor(shape), work.facts.opset);
  const place = { node, role: 'weight', name: old.name, shape: seed?.shape ?? shape } as const;
  if (!seed) {
    const value = constantOf(array, place, work);
    work.facts.rememberProduct(value, productOf(old, linear, edit, work));
    return value;
  }
  const open = array.data.length - array.correctlyRounded;
  const { data, dtype } = seed;
  const value = constantOf({ data, dtype, correctlyRounded: Math.max(data.length - open, 0) }, place, work);
  return expanded(value, shape, old, node, work);
}

/** Large weights are computed when they are written, so that nobody holds all of them; how they will be rounded is told now. */
function laterWeight(node: Node, linear: Linear, edit: Edit, work: Workspace): Value {
  const [old, { shape }, { scratch }] = [weightsOf(node, linear), linear.weight, work];
  const total = sizeOf(shape);
  const lots = () => inLots(linear, edit, scratch);
  const correctlyRounded = areAllDecided(linear, edit, 'float32') ? total : countOf(lots());
  const value = work.constant(
    old.name,
    Constant.computed(shape, () => floatsOf(lots(), correctlyRounded)),
  );
  work.facts.rememberProduct(value, productOf(old, linear, edit, work));
  work.written.push({ node: node.label, role: 'weight', name: value.name, dtype: 'float32', total, correctlyRounded });
  return value;
}

/** Holds the constant, whose elements are decoded again if somebody asks, and not the elements. */
function productOf(old: Value, linear: Linear, { inScale, outScale }: Edit, work: Workspace): Product {
  const { columns, taps, inputOf, outputOf } = linear;
  const earlier = (linear.weight.product ?? linear.weight.values) ? linear.weight : undefined;
  return {
    weights: () => earlier ?? work.facts.constant(old),
    factorAt(index) {
      const [row, column] = [Math.floor(index / (columns * taps)), Math.floor(index / taps) % columns];
      return multiply(at(inScale, inputOf(row, column)), at(outScale, outputOf(row, column)));
    },
  };
}

const weightsOf = (node: Node, { weightInput = 1 }: Linear): Value =>
  node.inputs[weightInput] ?? bug(`${node.label} has no weights`);

/** Named after the bias whose place it takes, or after the weights where there was none. */
function newBias(node: Node, linear: Linear, edit: Edit, work: Workspace): Value {
  const shape = linear.storedBias ?? biasShape(linear, edit);
  const array = new RoundedArray(linear.weight.dtype as Storage, sizeOf(shape));
  const values = biasOf(linear, edit);
  values.forEach((value, index) => {
    array.write(index, value);
  });
  const name = node.inputs[ruleOf(node, work.graph)?.biasInput ?? 2]?.name ?? `${weightsOf(node, linear).name}_bias`;
  return constantOf(array, { node, role: 'bias', name, shape }, work, values);
}

interface Place {
  readonly node: Pick<Node, 'label'>;
  readonly role: Written['role'];
  /** What the constant is named after. */
  readonly name: string;
  readonly shape: readonly number[];
}

/** An initializer under a fresh name, and a note of how it was rounded. */
export function constantOf(
  { data, dtype, correctlyRounded }: Pick<RoundedArray, 'data' | 'dtype' | 'correctlyRounded'>,
  place: Place,
  work: Workspace,
  unrounded?: Vector,
): Value {
  const value = work.constant(place.name, { dtype, shape: place.shape, data }, unrounded);
  const { node, role } = place;
  work.written.push({ node: node.label, role, name: value.name, dtype, total: data.length, correctlyRounded });
  return value;
}

function scaledWeights(linear: Linear, edit: Edit): RoundedArray {
  const { weight, rows } = linear;
  const array = new RoundedArray(weight.dtype as Storage, sizeOf(weight.shape));
  writeRows(array, linear, edit, [0, rows]);
  return array;
}

/** As many rows at a time as {@link LARGE} weights, in the same array each time: one that stays in the processor's cache. */
function* inLots(linear: Linear, edit: Edit, scratch: Scratch): Generator<RoundedArray> {
  const width = linear.columns * linear.taps;
  const atOnce = Math.max(1, Math.floor(LARGE / width));
  for (let row = 0; row < linear.rows; row += atOnce) {
    const end = Math.min(row + atOnce, linear.rows);
    const length = (end - row) * width;
    const lot = new RoundedArray('float32', length, scratch.floats(length));
    writeRows(lot, linear, edit, [row, end]);
    yield lot;
  }
}

/** The elements, which must be rounded as it was told. */
function* floatsOf(lots: Iterable<RoundedArray>, told: number): Generator<Float32Array> {
  let count = 0;
  for (const { data, correctlyRounded } of lots) {
    count += correctlyRounded;
    yield data as Float32Array;
  }
  if (count !== told) bug(`${count} weights are rounded correctly, and not ${told}`);
}

function countOf(lots: Iterable<RoundedArray>): number {
  let count = 0;
  for (const { correctlyRounded } of lots) count += correctlyRounded;
  return count;
}

/** W[row, column, tap] · inScale[its input] · outScale[its output]. */
function writeRows(array: RoundedArray, linear: Linear, edit: Edit, [first, last]: readonly [number, number]): void {
  const { inScale, outScale } = edit;
  const { weight, columns, taps } = linear;
  const scalesInputs = !inScale.every(isOne);
  const before = first * columns * taps;
  for (let row = first; row < last; row++) {
    const { input, inputStep, output, outputStep } = stepsOf(linear, row);
    const run = scalesInputs && inputStep !== 0 || outputStep !== 0 ? 1 : columns; // prettier-ignore
    for (let column = 0; column < columns; column += run) {
      const inFactor = at(inScale, input + column * inputStep);
      const factor = multiply(inFactor, at(outScale, output + column * outputStep));
      const start = (row * columns + column) * taps;
      array.writeProducts(weight, factor, start, start + run * taps, start - before);
    }
  }
}
