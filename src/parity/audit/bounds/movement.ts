import { isFloating } from '../../../onnx/evaluate/real.ts';
import { evaluateNode } from '../../../onnx/evaluate/evaluate.ts';
import { Unproven, withAttributes, withData, type Bound, type BoundRule, type Operation } from './operation.ts';

/** Operators that only say where each element goes: the errors go there too. */
const moved: BoundRule = (operation) => movedAs(operation, operation.node.opType);

function movedAs(operation: Operation, opType: string): readonly Bound[] {
  if (operation.isExact) return operation.results.map(() => undefined);
  const inputs = operation.operands.map((operand, index) => {
    if (!operand) return undefined;
    if (operand.value.dtype === 'string' || !isFloating(operand.value.dtype)) return operand.value;
    return withData(operand.value, operation.errors(index));
  });
  const node = opType === operation.node.opType ? operation.node : withAttributes(operation.node, opType);
  const made = evaluateNode(node, inputs, operation.context);
  return made.map((real) => (real && real.dtype !== 'string' ? real.data : undefined));
}

/** The largest of a window is off by no more than the worst element of it. Its place may be another one. */
const maxPool: BoundRule = (operation) => {
  if (operation.isExact) return operation.results.map(() => undefined);
  if (operation.results[1] && operation.node.outputs[1]) throw new Unproven(`${operation.node.label} gives places, which may jump`); // prettier-ignore
  return [operation.evaluate([withData(operation.value(0), operation.errors(0))])];
};

const globalMaxPool: BoundRule = (operation) => movedAs(operation, 'GlobalMaxPool');
const reduceExtreme: BoundRule = (operation) => movedAs(operation, 'ReduceMax');

/**
 * Resize to the nearest element moves it. Linear interpolation weighs 2 neighbours an axis by shares that add up to 1;
 * where these places are computed in floats, they are off by a few roundings of the size of the axis.
 */
const resize: BoundRule = (operation) => {
  const { node, operands } = operation;
  const mode = node.string('mode', 'nearest');
  const [x, e] = [operation.value(0), operation.errors(0)];
  const errors = () => operation.evaluate([withData(x, e), ...operands.slice(1).map((operand) => operand?.value)]);
  const { shape } = operation.results[0]!;
  if (mode === 'nearest') {
    if (!shape.every((size, axis) => Number.isInteger(size / x.shape[axis]!))) throw new Unproven(`${node.label} picks neighbours by a rounded place`); // prettier-ignore
    return [operation.isExact ? undefined : errors()];
  }
  if (mode !== 'linear' || node.string('coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize') {
    throw new Unproven(`${node.label} (${mode}) has no proven error bound`);
  }
  const largest = x.data.reduce((most, value, i) => Math.max(most, Math.abs(value) + e[i]!), 0);
  const places = x.shape.reduce((most, size, axis) => (size === shape[axis] ? most : most + 8 * (size + shape[axis]!)), 32); // prettier-ignore
  const blur = 2 * largest * operation.growth(places) + operation.tiny(places);
  return [errors().map((error) => error + blur)];
};

export const MOVEMENT: Readonly<Record<string, BoundRule>> = {
  ...Object.fromEntries(
    ['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Concat', 'Split', 'Slice', 'Expand', 'Tile', 'DepthToSpace', 'SpaceToDepth', 'Gather', 'GatherElements', 'GatherND', 'Pad', 'Dropout'].map((opType) => [opType, moved]),
  ), // prettier-ignore
  MaxPool: maxPool,
  GlobalMaxPool: globalMaxPool,
  ReduceMax: reduceExtreme,
  ReduceMin: reduceExtreme,
  Resize: resize,
  Upsample: resize,
};
