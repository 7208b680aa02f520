import { expect } from 'vitest';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import type { Certificate, Fold } from '../../../src/fold/report.ts';
import { float } from '../../../src/onnx/attribute.ts';
import type { Graph, Value } from '../../../src/onnx/graph.ts';
import { float32 } from '../../../src/tensor.ts';
import type { Fixture } from '../fixture.ts';

/**
 * Certificates of small networks against the formulas of docs/parity.md, computed here in float64 from the parameters:
 * a bound that is wider or narrower than its formula is wrong, even if every output stays within it.
 */

export type Numbers = readonly number[];
export const U = 2 ** -24;
export const g = (k: number) => (k * U) / (1 - k * U);
export const EPSILON = 2 ** -10;
export const sum = (numbers: Numbers) => numbers.reduce((total, each) => total + each, 0);
export const abs = Math.abs;

export interface Normal {
  readonly gamma: Numbers;
  readonly beta: Numbers;
  readonly mean: Numbers;
  readonly variance: Numbers;
}

export const NORMAL: Normal = {
  gamma: [1.5, -0.5, 0.75],
  beta: [-0.25, 1.25, 0.5],
  mean: [0.5, -0.75, 0.25],
  variance: [2, 0.5, 1.25],
};
export const scaleOf = ({ gamma, variance }: Normal) => gamma.map((own, c) => own / Math.sqrt(variance[c]! + EPSILON));
export const shiftOf = (n: Normal) => scaleOf(n).map((s, c) => n.beta[c]! - n.mean[c]! * s);

export const constant = (f: Fixture, name: string, shape: Numbers, data: Numbers) => f.graph.constant(name, float32(shape, data)); // prettier-ignore

export function normalized(f: Fixture, x: Value, n: Normal, name = 'bn'): Value {
  const parameters = [n.gamma, n.beta, n.mean, n.variance];
  const inputs = parameters.map((data, index) => constant(f, `${name}_${index}`, [data.length], data));
  return f.node('BatchNormalization', [x, ...inputs], { epsilon: float(EPSILON) }, name);
}

export const foldsOf = (graph: Graph): readonly Fold[] => foldGraph(graph).report.folds;
export const certificateOf = (graph: Graph): Certificate => foldsOf(graph)[0]!.certificate!;

/** Equal to ten digits, in every number. */
export function expectEqual(got: unknown, wanted: unknown): void {
  expect(flat(got).map(([name]) => name)).toEqual(flat(wanted).map(([name]) => name));
  const given = new Map(flat(got));
  for (const [name, value] of flat(wanted)) {
    const found = given.get(name);
    if (typeof value !== 'number' || typeof found !== 'number') expect(found, name).toBe(value);
    else expect(abs(found - value), `${name}: ${found} for ${value}`).toBeLessThanOrEqual(1e-10 * abs(value));
  }
}

const flat = (value: unknown, path = ''): [string, unknown][] =>
  value !== null && typeof value === 'object'
    ? Object.keys(value).toSorted().flatMap((key) => flat((value as Record<string, unknown>)[key], `${path}.${key}`))
    : [[path, value]]; // prettier-ignore
