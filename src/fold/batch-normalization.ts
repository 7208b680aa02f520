import type { Node } from '../onnx/graph.ts';
import { affine, vectorOf, zip } from './affine.ts';
import type { Numbers } from './constants.ts';
import { add, divide, exact, multiply, squareRoot, subtract } from './double-double.ts';
import { refuse, type Facts, type Refusal } from './facts.ts';
import type { Lift } from './lift.ts';
import type { Storage } from './rounding.ts';

/**
 * BatchNormalization at inference, along axis 1:
 *
 *   y = gamma · (x − mean) / √(variance + epsilon) + beta
 *   scale = gamma / √(variance + epsilon)        shift = beta − mean · scale
 *
 * Shapes: x and y `[N, C, …]`; each parameter `[C]`. A tensor of rank 1 has C = 1.
 * epsilon is stored as float32 and defaults to the float32 nearest to 1e-5.
 *
 * Opset 1 and 6 train unless `is_test`; up to 7 `spatial: 0` gives every element its own statistics; from 7 to 13
 * the outputs for statistics, and since 14 `training_mode`, ask for training.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__BatchNormalization.html (all versions)
 */
export const liftBatchNormalization: Lift = (node, facts) => {
  const blocked = notAtInference(node, facts.opset);
  if (blocked) return refuse(`${node.label} ${blocked}`);
  const parameters = node.inputs.slice(1, 5).map((value) => facts.constant(value));
  const known = parameters.filter((parameter) => parameter !== undefined);
  if (known.length < 4) return refuse(`${node.label} has parameters that are not constants`);
  const dtype = storageOf(node, known, facts);
  if (typeof dtype !== 'string') return dtype;
  const misfit = wrongLength(node, known, facts);
  if (misfit) return refuse(`${node.label} ${misfit}`);
  return liftParameters(node, known, dtype);
};

function notAtInference(node: Node, opset: number): string | undefined {
  if (opset < 7 && node.int('is_test', 0) === 0) return 'is in training mode (is_test is 0)';
  if (opset < 9 && node.int('spatial', 1) === 0) return 'normalises every element by itself (spatial is 0)';
  if (opset >= 14 && node.int('training_mode', 0) !== 0) return 'is in training mode';
  if (node.outputs.slice(1).some((output) => output)) return 'gives out its statistics, as in training';
  return undefined;
}

function storageOf(node: Node, parameters: readonly Numbers[], facts: Facts): Storage | Refusal {
  const dtypes = new Set([facts.dtype(node.inputs[0]), ...parameters.map(({ dtype }) => dtype)]);
  dtypes.delete(undefined);
  const [dtype] = dtypes;
  if (dtypes.size !== 1) return refuse(`${node.label} mixes the dtypes ${[...dtypes].join(' and ')}`);
  if (dtype === 'float32' || dtype === 'float64') return dtype;
  return refuse(`${node.label} is ${dtype ?? 'untyped'}, and only float32 and float64 are folded`);
}

function wrongLength(node: Node, parameters: readonly Numbers[], facts: Facts): string | undefined {
  const shape = facts.shape(node.inputs[0]);
  const channels = shape && (shape.length === 1 ? 1 : shape[1]);
  const lengths = new Set(parameters.map(({ shape }) => (shape.length === 1 ? shape[0] : -1)));
  if (typeof channels === 'number') lengths.add(channels);
  return lengths.size === 1 && !lengths.has(-1) ? undefined : 'has parameters that do not fit its channels';
}

function liftParameters(node: Node, parameters: readonly Numbers[], dtype: Storage): ReturnType<Lift> {
  const [gamma, beta, mean, variance] = parameters.map(({ data }) => vectorOf(data));
  const epsilon = exact(node.float('epsilon', 1e-5));
  const spread = variance!.map((v) => add(v, epsilon));
  if (!spread.every(({ hi }) => hi > 0 && hi < Infinity)) {
    return refuse(`${node.label} has a variance that is negative, zero without epsilon, or not finite`);
  }
  const scale = zip(gamma!, spread.map(squareRoot), divide);
  const shift = zip(beta!, zip(mean!, scale, multiply), subtract);
  return { kind: 'affine', affine: affine(1, scale, shift), dtype, input: 0 };
}
