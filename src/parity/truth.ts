import { bug } from '../errors.ts';
import { toReal } from '../onnx/evaluate/decode.ts';
import { evaluate } from '../onnx/evaluate/evaluate.ts';
import { isFloating, type NumericReal } from '../onnx/evaluate/real.ts';
import type { Graph } from '../onnx/graph.ts';
import type { Tensor } from '../tensor.ts';
import type { TruthMetrics } from './audit/report.ts';

/** Float outputs of the unfolded model in float64, sample by sample. */
export type Truth = readonly ReadonlyMap<string, NumericReal>[];

type Sample = Readonly<Record<string, Tensor>>;

/** @throws {EdgefoldError} UNSUPPORTED with every operator that cannot be evaluated; LIMIT, CORRUPT. */
export async function truthOf(
  graph: Graph,
  samples: readonly Sample[],
  options: { readonly onNode?: (share: number) => void; readonly signal?: AbortSignal } = {},
): Promise<Truth> {
  const truth = [];
  const { onNode, signal } = options;
  for (const [index, sample] of samples.entries()) {
    const values = await evaluate(graph, sample, {
      onNode: (_, done, total) => onNode?.((index + done / total) / samples.length),
      ...(signal && { signal }),
    });
    const floats = [...values].flatMap(([{ name }, real]): [string, NumericReal][] => {
      return real.dtype !== 'string' && isFloating(real.dtype) ? [[name, real]] : [];
    });
    truth.push(new Map(floats));
  }
  return truth;
}

/** How far the results of two runs are from the truth. Elements that are not finite are left out. */
export function againstTruth(
  truth: Truth,
  unfolded: readonly Sample[],
  folded: readonly Sample[],
): Readonly<Record<string, TruthMetrics>> {
  const names = [...(truth[0]?.keys() ?? [])];
  return Object.fromEntries(
    names.map((name) => {
      const exact = truth.map((values) => values.get(name) ?? bug(`the truth lacks ${name}`));
      return [name, metricsOf(exact, tensorsOf(unfolded, name), tensorsOf(folded, name))];
    }),
  );
}

const tensorsOf = (results: readonly Sample[], name: string): Float64Array[] =>
  results.map((result) => {
    const real = toReal(result[name] ?? bug(`a run gave no ${name}`), name);
    return real.dtype === 'string' ? new Float64Array() : real.data;
  });

function metricsOf(
  exact: readonly NumericReal[],
  unfolded: readonly Float64Array[],
  folded: readonly Float64Array[],
): TruthMetrics {
  const sides = [unfolded, folded].map(() => ({ squares: 0, max: 0 }));
  let [elements, scale] = [0, 0];
  for (const [sample, { data }] of exact.entries()) {
    for (let i = 0; i < data.length; i++) {
      const errors = [unfolded, folded].map((side) => Math.abs((side[sample]![i] ?? NaN) - data[i]!));
      if (!errors.every(Number.isFinite)) continue;
      elements++;
      scale += data[i]! ** 2;
      for (const [index, error] of errors.entries()) {
        sides[index]!.squares += error * error;
        sides[index]!.max = Math.max(sides[index]!.max, error);
      }
    }
  }
  const root = (squares: number) => Math.sqrt(squares / Math.max(1, elements));
  const [first, second] = sides.map(({ squares, max }) => ({ rms: root(squares), max }));
  const ratio = first!.rms === 0 ? null : second!.rms / first!.rms;
  return { elements, unfolded: first!, folded: second!, ratio, scale: root(scale) };
}
