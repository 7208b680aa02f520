import { sizeOf, type Tensor } from '../tensor.ts';
import type { Node, Value } from '../onnx/graph.ts';
import { at, isOne } from './affine.ts';
import { multiply, ONE } from './double-double.ts';
import { biasOf, biasShape, changesBias, changesWeights, type Edit, type Linear } from './linear.ts';
import { emptyArray, roundTo, scaleInto, type Storage } from './rounding.ts';
import { RULES } from './rules/index.ts';
import type { Workspace } from './workspace.ts';

/** Writes every weight and bias that has changed: computed in about 106 bits, rounded once, under a fresh name. */
export function materialise(work: Workspace): void {
  for (const [node, { linear, edit }] of [...work.edits]) {
    work.edits.delete(node);
    const weight = changesWeights(edit, linear) ? newWeight(node, linear, edit, work) : undefined;
    const bias = changesBias(edit, linear) ? newBias(node, linear, edit, work) : undefined;
    RULES.get(node.opType)?.write?.(node, { weight, bias }, work);
  }
}

const newWeight = (node: Node, linear: Linear, edit: Edit, work: Workspace): Value =>
  work.constant(node.inputs[1]!.name, scaledWeights(linear, edit));

/** Named after the bias whose place it takes, or after the weights where there was none. */
function newBias(node: Node, linear: Linear, edit: Edit, work: Workspace): Value {
  const dtype = linear.weight.dtype as Storage;
  const shape = linear.storedBias ?? biasShape(linear, edit);
  const data = emptyArray(dtype, sizeOf(shape));
  const unrounded = new Float64Array(data.length);
  let index = 0;
  for (const bias of biasOf(linear, edit)) {
    data[index] = roundTo(dtype, bias);
    unrounded[index++] = bias.hi;
  }
  const name = node.inputs[RULES.get(node.opType)?.biasInput ?? 2]?.name ?? `${node.inputs[1]!.name}_bias`;
  return work.constant(name, { dtype, shape, data }, unrounded);
}

function scaledWeights(linear: Linear, edit: Edit): Tensor {
  const { weight, rows, columns, taps } = linear;
  const storage = weight.dtype as Storage;
  const data = emptyArray(storage, weight.data.length);
  const factorOf = factors(linear, edit);
  let [start, factor] = [0, ONE];
  for (let row = 0, index = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, index += taps) {
      const next = factorOf(row, column);
      if (next === factor) continue;
      scaleInto(data, weight.data, factor, start, index);
      [start, factor] = [index, next];
    }
  }
  scaleInto(data, weight.data, factor, start, data.length);
  return { dtype: storage, shape: weight.shape, data };
}

function factors({ inputOf, outputOf }: Linear, { inScale, outScale }: Edit) {
  const [inOnes, outOnes] = [inScale.every(isOne), outScale.every(isOne)];
  return (row: number, column: number) => {
    const inFactor = inOnes ? ONE : at(inScale, inputOf(row, column));
    const outFactor = outOnes ? ONE : at(outScale, outputOf(row, column));
    if (inOnes) return outFactor;
    return outOnes ? inFactor : multiply(inFactor, outFactor);
  };
}
