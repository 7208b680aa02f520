import { describe, expect, test } from 'vitest';
import { float, int, ints, string, type Attribute } from '../../src/onnx/attribute.ts';
import { cloneGraph } from '../../src/onnx/clone.ts';
import type { Graph, Value } from '../../src/onnx/graph.ts';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { copyFor, misfusedPools } from '../../src/onnx/pad-fusion.ts';
import { inferTypes } from '../../src/onnx/shapes/infer.ts';
import { float32 } from '../../src/tensor.ts';
import { checkFold } from '../fold/check-fold.ts';
import { Fixture } from '../fold/fixture.ts';
import { LEVELS, runGraph } from '../fold/run-graph.ts';

interface Case {
  readonly pool: 'AveragePool' | 'MaxPool';
  readonly pads?: readonly number[];
  readonly own?: number;
  readonly ceil?: number;
  readonly count?: number;
  readonly value?: number;
  readonly mode?: string;
  readonly between?: string;
  readonly activation?: string;
}

/** Numbers below 0 → activation → Pad → what lies between → pool of 3 × 3, stride 2. */
function graphOf({
  pool,
  pads = [0, 0, 1, 1, 0, 0, 1, 1],
  own = 0,
  ceil = 0,
  count,
  value,
  mode,
  between,
  activation,
}: Case): Graph {
  const f = new Fixture();
  let x: Value = f.node('Sub', [f.input([2, 3, 6, 6]), f.graph.constant('ten', float32([], [10]))]);
  if (activation) x = f.node(activation, [x]);
  const fill = value === undefined ? undefined : f.graph.constant('value', float32([], [value]));
  x = f.node('Pad', [x, f.shape(pads, 'pads'), fill], mode ? { mode: string(mode) } : {});
  if (between) x = f.node(between, [x]);
  const attributes: Record<string, Attribute> = { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: ints([own, own, own, own]), ceil_mode: int(ceil) }; // prettier-ignore
  if (count !== undefined) attributes.count_include_pad = int(count);
  return f.done(f.node(pool, [x], attributes, 'y'));
}

function keptApart(graph: Graph): Graph {
  const copy = cloneGraph(graph);
  for (const pool of misfusedPools(copy, inferTypes(copy))) {
    const made = copyFor(pool, copy);
    copy.insertBefore(pool, made);
    pool.setInput(0, made.outputs[0]);
  }
  return copy;
}

const MISFUSED: readonly [string, Case][] = [
  ['zeros that a MaxPool would lose', { pool: 'MaxPool' }],
  ['zeros behind an Identity', { pool: 'MaxPool', between: 'Identity', value: 0 }],
  ['zeros on one side', { pool: 'MaxPool', pads: [0, 0, 0, 1, 0, 0, 2, 0] }],
  ['zeros around a MaxPool that pads too', { pool: 'MaxPool', own: 1 }],
  ['more zeros than taps, behind an activation', { pool: 'MaxPool', own: 1, pads: [0, 0, 2, 2, 0, 0, 2, 2], activation: 'Relu' }], // prettier-ignore
  ['zeros in front of an AveragePool with ceil_mode', { pool: 'AveragePool', ceil: 1, count: 0, pads: [0, 0, 0, 1, 0, 0, 2, 0] }], // prettier-ignore
  ['more zeros than taps in front of an AveragePool', { pool: 'AveragePool', own: 1, count: 1, pads: [0, 0, 2, 2, 0, 0, 2, 2] }], // prettier-ignore
];

const HARMLESS: readonly [string, Case][] = [
  ['zeros where nothing is below 0', { pool: 'MaxPool', activation: 'Relu' }],
  ['other numbers', { pool: 'MaxPool', value: -3 }],
  ['copies of the edge', { pool: 'MaxPool', mode: 'edge' }],
  ['zeros in the channels', { pool: 'MaxPool', pads: [0, 1, 1, 1, 0, 0, 1, 1] }],
  ['a crop', { pool: 'MaxPool', pads: [0, 0, -1, 0, 0, 0, 0, 0] }],
  ['zeros that an AveragePool counts', { pool: 'AveragePool', own: 1, count: 1 }],
  ['zeros that an AveragePool counts, but not its own', { pool: 'AveragePool', own: 1, count: 0 }],
  ['zeros behind a Max', { pool: 'MaxPool', between: 'Max' }],
];

async function resultsOf(graph: Graph) {
  const results = LEVELS.map((level) => runGraph(graph, level, {}).then((outputs) => outputs.get('y'), () => 'refused')); // prettier-ignore
  return Promise.all(results);
}

describe('a Pad that onnxruntime would make the padding of a pool is kept apart from it', () => {
  test.each(MISFUSED)('with %s', async (_, parts) => {
    const graph = graphOf(parts);
    const [truth, ...optimised] = await resultsOf(graph);
    expect(optimised.some((result) => JSON.stringify(result) !== JSON.stringify(truth))).toBe(true);
    for (const result of await resultsOf(keptApart(graph))) expect(result).toEqual(truth);
  });

  test('by folding too, which says so and finds nothing the second time', async () => {
    const graph = graphOf({ pool: 'MaxPool' });
    const report = await checkFold(graph, undefined);
    expect(report.warnings).toEqual(['y (MaxPool) reads a copy, since onnxruntime would make the zeros of the Pad in front of it padding']); // prettier-ignore
    expect(foldGraph(graph).graph.nodes.map(({ opType }) => opType)).toEqual(['Sub', 'Pad', 'Max', 'MaxPool']);
  });
});

describe('a Pad stays where it is', () => {
  test.each(HARMLESS)('with %s', async (_, parts) => {
    const graph = graphOf(parts);
    expect(misfusedPools(graph, inferTypes(graph))).toEqual([]);
    const [truth, ...optimised] = await resultsOf(graph);
    for (const result of optimised) expect(result).toEqual(truth);
  });
});

test('a Pad of an older opset, and one of amounts that are not known, are kept apart too', () => {
  const f = new Fixture(9);
  const x = f.node('Pad', [f.input([2, 3, 6, 6])], { pads: ints([0, 0, 1, 1, 0, 0, 1, 1]), value: float(0) });
  const old = f.done(f.node('MaxPool', [x], { kernel_shape: ints([3, 3]) }));
  const g = new Fixture();
  const y = g.node('Pad', [g.input([2, 3, 6, 6]), g.input([8], 'pads', 'int64')]);
  const open = g.done(g.node('MaxPool', [y], { kernel_shape: ints([3, 3]) }));
  for (const graph of [old, open]) expect(misfusedPools(graph, inferTypes(graph))).toHaveLength(1);
});
