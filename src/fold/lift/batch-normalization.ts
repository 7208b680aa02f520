import type { Node } from '../../onnx/graph.ts';
import { affine, zip, type Vector } from '../algebra/affine.ts';
import { entriesOf, type Numbers } from './constants.ts';
import { add, divide, exact, product, squareRoot, subtract } from '../algebra/double-double.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import type { Lift } from './lift.ts';
import { isStorage, type Storage } from '../algebra/rounding.ts';

/**
 * BatchNormalization at inference, along axis 1:
 *
 *   y = gamma · (x − mean) / √(variance + epsilon) + beta
 *   scale = gamma / √(variance + epsilon)        shift = beta − mean · scale
 *
 * Shapes: x and y `[N, C, …]`; each parameter `[C]`. A tensor of rank 1 has C = 1.
 * epsilon is stored as float32 and defaults to the float32 nearest to 1e-5.
 *
 * Opset 1 and 6 train unless `is_test`; up to 7 `spatial: 0` gives every element its own statistics, which
 * makes a difference where x has more than two axes; from 7 to 13
 * naming the outputs for statistics asks for training, read or not (onnxruntime keeps to that); since 14
 * `training_mode` does. Before 7 and since 14 such outputs are in the way only if something reads them.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__BatchNormalization.html (all versions)
 */
export const liftBatchNormalization: Lift = (node, facts) => {
  const blocked = notAtInference(node, facts);
  if (blocked) return refuse(`${node.label} ${blocked}`);
  if (facts.constant(node.inputs[0])) return refuse(`${node.label} is of a constant`);
  const parameters = node.inputs.slice(1, 5).map((value) => facts.constant(value));
  const known = parameters.filter((parameter) => parameter !== undefined);
  if (known.length < 4) return refuse(`${node.label} has parameters that are not constants`);
  const dtype = storageOf(node, known, facts);
  if (typeof dtype !== 'string') return dtype;
  const misfit = wrongLength(node, known, facts);
  if (misfit) return refuse(`${node.label} ${misfit}`);
  return liftParameters(node, known, dtype);
};

function notAtInference(node: Node, facts: Facts): string | undefined {
  const { graph, opset } = facts;
  if (opset < 7 && node.int('is_test', 0) === 0) return 'is in training mode (is_test is 0)';
  if (opset < 9 && node.int('spatial', 1) === 0 && facts.rank(node.inputs[0]) !== 2)
    return 'normalises every element by itself (spatial is 0)';
  if (opset >= 14 && node.int('training_mode', 0) !== 0) return 'is in training mode';
  const statistics = node.outputs.slice(1).filter((output) => output !== undefined);
  if (opset >= 7 && opset < 14 && statistics.length > 0) return 'names outputs for its statistics, which is training';
  if (statistics.some((output) => output.uses.size > 0 || graph.isOutput(output))) return 'gives out its statistics';
  return undefined;
}

/** The dtype of x and y. Since opset 14 the parameters may have another one; they are read, and not written. */
/** x and y are of T, gamma and beta of T until opset 14 and of T1 since 15, the statistics of U since 14, or T2. */
function storageOf(node: Node, parameters: readonly Numbers[], facts: Facts): Storage | Refusal {
  const [gamma, beta, mean, variance] = parameters.map(({ dtype }) => dtype);
  const all = [facts.dtype(node.inputs[0]) ?? facts.dtype(node.outputs[0]), gamma, beta, mean, variance];
  const dtypes = new Set(all.filter((dtype) => dtype !== undefined));
  const mayDiffer = facts.opset >= 14 && gamma === beta && mean === variance && (facts.opset > 14 || all[0] === gamma);
  if (dtypes.size > 1 && !mayDiffer) return refuse(`${node.label} mixes the dtypes ${[...dtypes].join(' and ')}`);
  const dtype = all[0] ?? (dtypes.size === 1 ? gamma : undefined);
  if (!dtype) return refuse(`${node.label} mixes dtypes, and that of its input is not known`);
  return isStorage(dtype) ? dtype : refuse(`${node.label} is ${dtype}, in which no weights are written`);
}

function wrongLength(node: Node, parameters: readonly Numbers[], facts: Facts): string | undefined {
  const shape = facts.shape(node.inputs[0]);
  const channels = shape && (shape.length === 1 ? 1 : shape[1]);
  const lengths = new Set(parameters.map(({ shape }) => (shape.length === 1 ? shape[0] : -1)));
  if (typeof channels === 'number') lengths.add(channels);
  return lengths.size === 1 && !lengths.has(-1) ? undefined : 'has parameters that do not fit its channels';
}

function liftParameters(node: Node, parameters: readonly Numbers[], dtype: Storage): ReturnType<Lift> {
  const [gamma, beta, mean, variance] = parameters.map(entriesOf);
  const epsilon = exact(node.float('epsilon', 1e-5));
  const spread = variance!.map((v) => add(v, epsilon));
  if (!spread.every(({ hi }) => hi > 0 && hi < Infinity)) {
    return refuse(`${node.label} has a variance that is negative, zero without epsilon, or not finite`);
  }
  const scale = zip(gamma!, spread.map(squareRoot), divide);
  const shift = zip(beta!, zip(mean!, scale, product), subtract);
  return { kind: 'affine', affine: affine(1, scale, shift), dtype, input: 0, expected: expectedOf(beta!, gamma!) };
}

/** y has the mean beta and the deviation gamma; of numbers so distributed hardly one lies farther than 8 deviations. */
function expectedOf(beta: Vector, gamma: Vector): number {
  let most = 0;
  for (let index = 0; index < beta.length; index++) {
    most = Math.max(most, Math.abs(beta[index]!.hi) + 8 * Math.abs(gamma[index]!.hi));
  }
  return most;
}
