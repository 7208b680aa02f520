import { Unproven, withData, type Bound, type BoundRule, type Operation } from './operation.ts';

/** e + k roundings of something at most |y| + e large. */
function rounded(operation: Operation, error: Float64Array, k: number): readonly [Float64Array] {
  const [gamma, tiny, y] = [operation.growth(k), operation.tiny(k), operation.result];
  return [error.map((e, i) => e + gamma * (Math.abs(y[i]!) + e) + tiny)];
}

/** The errors of two inputs as tensors, for an operator that broadcasts them like the inputs themselves. */
const errorsOf = (operation: Operation) =>
  [0, 1].map((index) => withData(operation.value(index), operation.errors(index)));

/** a ± b: the errors add up. */
const sum: BoundRule = (operation) => rounded(operation, operation.evaluate(errorsOf(operation), 'Add'), 1);

/** a · b: (|a| + e)(|b| + e) − |a||b|, and a rounding of the product. */
const product: BoundRule = (operation) => {
  const [S, T] = [operation.magnitudes(), operation.outerMagnitudes()];
  const slack = 2 ** -50;
  return rounded(operation, T.map((outer, i) => outer - S[i]! + slack * outer), 1); // prettier-ignore
};

/** a / b: |a/b − (a + e)/(b + f)| ≤ (e + |a/b| f) / (|b| − f); without bound where b may be 0. */
const quotient: BoundRule = (operation) => {
  const [a, b] = [operation.value(0), operation.value(1)];
  const [e, f] = errorsOf(operation);
  const y = operation.result.map(Math.abs);
  const whole = withData({ ...a, shape: operation.results[0]!.shape }, y);
  const numerator = operation.evaluate([a, b].map((x, i) => withData(x, i === 0 ? e!.data : x.data.map(() => 0))), 'Add'); // prettier-ignore
  const carried = operation.evaluate([whole, f], 'Mul');
  const divisor = withData(b, b.data.map((x, i) => Math.max(Math.abs(x) - f!.data[i]!, 0))); // prettier-ignore
  const error = operation.evaluate([withData(whole, carried.map((c, i) => c + numerator[i]!)), divisor], 'Div'); // prettier-ignore
  return rounded(operation, error, 1);
};

/** |1/x − 1/(x + e)| ≤ e / (|x| (|x| − e)). */
const reciprocal: BoundRule = (operation) => {
  const [{ data }, e] = [operation.value(0), operation.errors(0)];
  const error = data.map((x, i) => (e[i] === 0 ? 0 : e[i]! / (Math.abs(x) * Math.max(Math.abs(x) - e[i]!, 0))));
  return rounded(operation, error, 1);
};

/** |√x − √(x + e)| ≤ min(e / √x, √e). */
const squareRoot: BoundRule = (operation) => {
  const [y, e] = [operation.result, operation.errors(0)];
  return rounded(operation, y.map((root, i) => (e[i] === 0 ? 0 : Math.min(e[i]! / root, Math.sqrt(e[i]!)))), 1); // prettier-ignore
};

/** Squares, and square roots; other powers are not followed. */
const power: BoundRule = (operation) => {
  const { data: exponents } = operation.value(1);
  if (operation.bound(1) || !exponents.every((exponent) => exponent === 2)) {
    throw new Unproven(`${operation.node.label} raises to other powers than 2`);
  }
  const [y, e] = [operation.result, operation.errors(0)];
  const x = y.map(Math.sqrt);
  return rounded(operation, e.map((error, i) => error * (2 * x[i]! + error)), 4); // prettier-ignore
};

/** |f(x) − f(x + e)| ≤ e and f itself exact. */
const contraction: BoundRule = (operation) => [operation.bound(0)];

/** Bounds of Clip may be parameters that are off too. */
const clip: BoundRule = (operation) => {
  const bounds = operation.operands.map((_, index) =>
    operation.operands[index] ? operation.errors(index) : undefined,
  );
  const limit = Math.max(0, ...bounds.slice(1).flatMap((bound) => [...(bound ?? [])]));
  return operation.isExact ? [undefined] : [bounds[0]!.map((e) => Math.max(e, limit))];
};

/** a·x where x < 0: the larger of 1 and |a| times e, and a rounding of the product. */
const leakyRelu: BoundRule = (operation) => slanted(operation, Math.abs(operation.node.float('alpha', 0.01)), 0);

/** The largest slope stands for all. */
const pRelu: BoundRule = (operation) => {
  const largest = (numbers: Float64Array) => numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return slanted(operation, largest(operation.value(1).data), largest(operation.errors(1)));
};

function slanted(operation: Operation, slope: number, slopeError: number): readonly [Float64Array] {
  const [{ data }, e] = [operation.value(0), operation.errors(0)];
  const [gamma, tiny] = [operation.growth(1), operation.tiny(1)];
  const steepest = Math.max(1, slope + slopeError);
  return [
    e.map((error, i) => {
      const isPositive = data[i]! - error >= 0;
      const outer = Math.abs(data[i]!) + error;
      return isPositive ? error : steepest * error + slopeError * outer + gamma * (slope + slopeError) * outer + tiny;
    }),
  ];
}

/** The larger or smaller of several numbers is off by no more than the worst of them. */
const extreme: BoundRule = (operation) => {
  const errors = operation.operands.map((_, index) => withData(operation.value(index), operation.errors(index)));
  return [operation.isExact ? undefined : operation.evaluate(errors, 'Max')];
};

/** Between floats of one width nothing happens; to fewer bits it rounds. */
const cast: BoundRule = (operation): readonly Bound[] => {
  const [from, to] = [operation.value(0).dtype, operation.results[0]!.dtype];
  const widths: Readonly<Record<string, number>> = { float16: 1, bfloat16: 1, float32: 2, float64: 3 };
  const [before, after] = [widths[from], widths[to]];
  if (after !== undefined && before !== undefined && (from === to || after > before)) return [operation.bound(0)];
  if (operation.isExact && after === undefined) return [undefined];
  if (after === undefined) throw new Unproven(`${operation.node.label} rounds to ${to}, which may jump`);
  return rounded(operation, operation.errors(0), 1);
};

/** (x − zero point) · scale: exact but for the scale, and one rounding. */
const dequantize: BoundRule = (operation) => {
  const scale = operation.value(1);
  const outer = withData(scale, scale.data.map((s, i) => Math.abs(s) + operation.errors(1)[i]!)); // prettier-ignore
  const T = operation.evaluate([operation.value(0), outer, operation.operands[2]?.value]);
  return rounded(operation, T.map((most, i) => Math.max(0, Math.abs(most) - Math.abs(operation.result[i]!))), 2); // prettier-ignore
};

export const ELEMENTWISE: Readonly<Record<string, BoundRule>> = {
  Add: sum,
  Sub: sum,
  Mul: product,
  Div: quotient,
  Reciprocal: reciprocal,
  Sqrt: squareRoot,
  Pow: power,
  Relu: contraction,
  Abs: contraction,
  Neg: contraction,
  Clip: clip,
  LeakyRelu: leakyRelu,
  PRelu: pRelu,
  Max: extreme,
  Min: extreme,
  Cast: cast,
  DequantizeLinear: dequantize,
};
