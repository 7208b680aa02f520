import { sizeOf } from '../../../tensor.ts';
import { Unproven, type BoundRule, type Operation } from './operation.ts';

/**
 * LayerNormalization, InstanceNormalization and GroupNormalization: each run of n elements is normalised by its own
 * mean m and variance v, then y = scale · (x − m) / √(v + epsilon) + bias. For inputs that are off by e:
 *
 *   dm = mean(e) + γₙ₊₁ mean(|x| + e)
 *   dv, the variance as mean((x − m)²) or as mean(x²) − m²: whatever the two ways lose, both taken together
 *   s = |scale| / √(v + epsilon), off by ds through dv / (v + epsilon)
 *   |ŷ − y| ≤ s (e + dm) + ds (|x − m| + e + dm) + γ₈ ((s + ds)(|x| + e + |m| + dm) + |bias|)
 *
 * The last line covers y as x · s + (bias − m · s) too. Without bound where dv reaches v + epsilon.
 */
function normalized(operation: Operation, length: number, parameterOf: (i: number) => number): readonly [Float64Array] {
  const { data: x } = operation.value(0);
  const e = operation.errors(0);
  const [scale, bias] = [1, 2].map((index) => (operation.operands[index] ? operation.value(index).data : undefined));
  const [dScale, dBias] = [1, 2].map((index) => (operation.operands[index] ? operation.errors(index) : undefined));
  const epsilon = operation.node.float('epsilon', 1e-5);
  const [g8, tiny] = [operation.growth(8), operation.tiny(16)];
  const result = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += length) {
    const { mean, dm, spread, dv } = statistics(operation, start, length, epsilon);
    const off = dv / spread;
    const root = 1 / Math.sqrt(spread);
    const widened = off < 1 ? ((1 + operation.growth(4)) * root) / Math.sqrt(1 - off) : Infinity;
    for (let i = start; i < start + length; i++) {
      const p = parameterOf(i);
      const s = Math.abs(scale![p]!) * root;
      const ds = (Math.abs(scale![p]!) + dScale![p]!) * widened - s;
      const [b, db] = [Math.abs(bias?.[p] ?? 0), dBias?.[p] ?? 0];
      const rounded = g8 * ((s + ds) * (Math.abs(x[i]!) + e[i]! + Math.abs(mean) + dm) + b + db);
      result[i] = s * (e[i]! + dm) + ds * (Math.abs(x[i]! - mean) + e[i]! + dm) + db + rounded + tiny * (1 + s);
    }
  }
  return [result];
}

function statistics(operation: Operation, start: number, n: number, epsilon: number) {
  const { data: x } = operation.value(0);
  const e = operation.bound(0);
  let [sum, outer, errors, squares, carried] = [0, 0, 0, 0, 0];
  for (let i = start; i < start + n; i++) {
    const [size, error] = [Math.abs(x[i]!), e?.[i] ?? 0];
    sum += x[i]!;
    outer += size + error;
    errors += error;
    squares += (size + error) ** 2;
    carried += error * (2 * size + error);
  }
  const mean = sum / n;
  const dm = errors / n + operation.growth(n + 1) * (outer / n);
  let [variance, centred] = [0, 0];
  const g1 = operation.growth(1);
  for (let i = start; i < start + n; i++) {
    const d = Math.abs(x[i]! - mean);
    const de = (e?.[i] ?? 0) + dm + g1 * (d + (e?.[i] ?? 0) + dm);
    variance += d * d;
    centred += de * (2 * d + de) + operation.growth(n + 3) * (d + de) ** 2;
  }
  const m = Math.abs(mean) + dm;
  const direct = carried / n + dm * (2 * Math.abs(mean) + dm) + operation.growth(n + 5) * (squares / n + m * m);
  const spread = variance / n + epsilon;
  return { mean, dm, spread, dv: direct + centred / n + operation.growth(2) * spread };
}

/** Parameters along the normalised axes, one for each element of a run. */
const layer: BoundRule = (operation) => {
  const { shape } = operation.value(0);
  const axis = operation.node.int('axis', -1);
  const length = sizeOf(shape.slice(axis < 0 ? axis + shape.length : axis));
  if (operation.value(1).data.length !== length || operation.node.outputs.slice(1).some(Boolean)) {
    throw new Unproven(`${operation.node.label} has parameters or outputs that are not followed`);
  }
  return normalized(operation, length, (i) => i % length);
};

const instance: BoundRule = (operation) => {
  const { shape } = operation.value(0);
  const length = sizeOf(shape.slice(2));
  return normalized(operation, length, (i) => Math.floor(i / length) % shape[1]!);
};

/** Parameters of a group until opset 20, of a channel since. */
const group: BoundRule = (operation) => {
  const { shape } = operation.value(0);
  const inner = sizeOf(shape.slice(2));
  const groups = operation.node.int('num_groups', 1);
  const perChannel = operation.value(1).data.length === shape[1];
  const size = perChannel ? inner : (inner * shape[1]!) / groups;
  const count = perChannel ? shape[1]! : groups;
  return normalized(operation, (inner * shape[1]!) / groups, (i) => Math.floor(i / size) % count);
};

export const NORMALIZATION: Readonly<Record<string, BoundRule>> = {
  LayerNormalization: layer,
  InstanceNormalization: instance,
  GroupNormalization: group,
};
