import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { cloneGraph } from '../../src/onnx/clone.ts';
import { Constant } from '../../src/onnx/constant.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { verify, type VerifyOptions } from '../../src/parity/verify.ts';
import { load } from '../../src/runtime/node.ts';
import { Network, smallNetwork } from './audit/networks.ts';

const STEPS = 14;
const LOOSE = { name: 'loose', atol: 10, rtol: 0, range: 0 };
const TIGHT = { name: 'tight', atol: 1e-12, rtol: 0, range: 0 };

async function verifyFold(
  reference: Graph,
  options: Partial<VerifyOptions> = {},
  spoil: (folded: Graph) => void = () => undefined,
) {
  const { graph, report } = foldGraph(reference);
  const candidate = cloneGraph(graph);
  spoil(candidate);
  const models = { reference: writeOnnx(reference), candidate: writeOnnx(candidate) };
  return verify({ load, ...models, graphs: { reference, candidate, folds: report.folds }, ...options });
}

const spoilOneWeight = (folded: Graph) => {
  const weight = folded.nodes.find(({ opType }) => opType === 'Conv')!.inputs[1]!;
  const { shape, data } = weight.constant!.tensor();
  const moved = (data as Float32Array).slice();
  moved[0]! *= 1 + 1e-4;
  weight.constant = Constant.of({ dtype: 'float32', shape, data: moved });
};

/** x → sin 3x, over and over: a step moves neighbours twice as far apart on the average, so rounding grows. */
function amplifyingNetwork(): Graph {
  const net = new Network(4);
  let x = net.norm(net.node('MatMul', [net.input(['batch', 8]), net.weights([8, 8], 'first')], {}, 'product'), 8, 'bn');
  for (let step = 0; step < STEPS; step++) {
    const gained = net.node('Mul', [x, net.vector(`gain${step}`, 1, () => 3)], {}, `gained${step}`);
    x = net.node('Sin', [gained], {}, `sine${step}`);
  }
  return net.done(x);
}

test('reports the three runs of a sound fold', async () => {
  const report = await verifyFold(smallNetwork());
  expect(report.verdict).toBe('pass');
  expect(report.audit).toMatchObject({ verdict: 'proven', folds: 5, covered: 5, samples: 4 });
  expect(report.sites.every(({ verdict }) => verdict === 'proven')).toBe(true);
  if (report.truth.verdict !== 'measured') throw new Error(report.truth.reason);
  const [metrics] = Object.values(report.truth.outputs);
  // 5 numbers each for 1 + 3 + 1 + 3 pictures.
  expect(metrics).toMatchObject({ elements: 40 });
  expect(metrics!.unfolded.rms).toBeGreaterThan(0);
  expect(metrics!.unfolded.rms).toBeLessThan(1e-6 * metrics!.scale);
  expect(metrics!.ratio).toBeCloseTo(metrics!.folded.rms / metrics!.unfolded.rms, 12);
});

test('its parts survive JSON', async () => {
  const { truth, audit, sites } = await verifyFold(smallNetwork(), {}, spoilOneWeight);
  expect(JSON.parse(JSON.stringify({ truth, audit, sites }))).toEqual({ truth, audit, sites });
});

test('fails a defect whatever the tolerance allows', async () => {
  const report = await verifyFold(smallNetwork(), { tolerance: LOOSE }, spoilOneWeight);
  expect(report.runs.every(({ verdict }) => verdict === 'pass')).toBe(true);
  expect(report).toMatchObject({ verdict: 'fail', audit: { verdict: 'violated' } });
  expect(report.reason).toMatch(/^a defect, not rounding/);
});

test('lets unrelated models differ by what the tolerance allows, and says that it is more than rounding', async () => {
  const net = new Network(7);
  const reference = net.done(net.norm(net.conv(net.input([1, 3, 6, 6]), [4, 3]), 4));
  const candidate = cloneGraph(foldGraph(reference).graph);
  spoilOneWeight(candidate);
  const models = { reference: writeOnnx(reference), candidate: writeOnnx(candidate) };
  const report = await verify({ load, ...models, graphs: { reference, candidate }, tolerance: LOOSE });
  expect(report).toMatchObject({ verdict: 'pass', audit: { verdict: 'violated' } });
  expect(report.note).toMatch(/^more than correct rounding explains: \d+ of \d+ elements/);
  candidate.model.metadata.set('edgefold.tool', 'edgefold 0.1.0');
  const claimed = await verify({ load, ...models, graphs: { reference, candidate }, tolerance: LOOSE });
  expect(claimed).toMatchObject({ verdict: 'fail' });
});

describe('where a network amplifies rounding beyond the tier of its dtype', () => {
  test('a proven fold passes, with a note', async () => {
    const report = await verifyFold(amplifyingNetwork());
    expect(report.runs.some(({ verdict }) => verdict === 'fail')).toBe(true);
    expect(report).toMatchObject({ verdict: 'pass', audit: { verdict: 'proven' } });
    expect(report.note).toMatch(/: rounding, and no defect: all 1 changed sites are within their proven bounds$/);
    expect(report.reason).toBeUndefined();
  });

  test('a fold that nothing proves fails', async () => {
    const report = await verifyFold(amplifyingNetwork(), { proof: 'never' });
    expect(report).toMatchObject({ verdict: 'fail', audit: { verdict: 'not-run' } });
  });

  test('a run that is farther from the truth than rounding takes it fails all the same', async () => {
    const worse = (folded: Graph) => {
      // Behind the last site, where no fold is: the graphs are told to be alike, and the file is not.
      const gain = folded.initializers.find(({ name }) => name === `gain${STEPS - 1}`)!;
      gain.constant = Constant.of({ dtype: 'float32', shape: [1], data: Float32Array.of(3.5) });
    };
    const reference = amplifyingNetwork();
    const { graph: candidate, report: { folds } } = foldGraph(reference); // prettier-ignore
    const spoiled = cloneGraph(candidate);
    worse(spoiled);
    const report = await verify({
      load,
      reference: writeOnnx(reference),
      candidate: writeOnnx(spoiled),
      graphs: { reference, candidate, folds },
    });
    expect(report).toMatchObject({ verdict: 'fail', audit: { verdict: 'proven' } });
  });
});

test('keeps to a tolerance that was asked for, and says that it is rounding', async () => {
  const report = await verifyFold(smallNetwork(), { tolerance: TIGHT });
  expect(report).toMatchObject({ verdict: 'fail', audit: { verdict: 'proven' } });
  expect(report.reason).toMatch(/times what tight allows\) \(rounding, and no defect: all \d+ changed sites/);
});

test('does not prove unasked what takes long, and says what it would take', async () => {
  const net = new Network(2);
  const x = net.input([1, 16, 128, 128]);
  const reference = net.done(net.norm(net.conv(x, [16, 16], 3), 16));
  const report = await verifyFold(reference, { samples: 1 });
  expect(report).toMatchObject({ verdict: 'pass', audit: { verdict: 'not-run' }, sites: [] });
  // 16 · 128 · 128 · 144 products and as many elements of the norm, five times.
  expect(report.audit.reason).toMatch(/^a proof takes 1\.9e\+8 multiply-adds a sample, and 1\.3e\+8 are spent unasked/);
  const asked = await verifyFold(reference, { samples: 1, proof: 'always', levels: ['disabled'] });
  expect(asked.audit).toMatchObject({ verdict: 'proven', elements: 16 * 128 * 128 });
});

test('proves as many samples as are cheap', async () => {
  const net = new Network(2);
  const reference = net.done(net.norm(net.conv(net.input([1, 8, 96, 96]), [8, 8], 3), 8));
  const report = await verifyFold(reference, { samples: 6, levels: ['disabled'] });
  expect(report.samples).toBe(6);
  expect(report.audit.samples).toBeGreaterThan(1);
  expect(report.audit.samples).toBeLessThan(6);
});

test('measures no truth where an operator cannot be evaluated, and proves the sites all the same', async () => {
  const net = new Network(9);
  const y = net.norm(net.conv(net.input([1, 3, 6, 6]), [4, 3], 3), 4);
  const reference = net.graph;
  const { Node, Value } = await import('../../src/onnx/graph.ts');
  const last = new Value('out', { dtype: 'float32' });
  reference.model.opsets.set('com.microsoft', 1);
  reference.nodes.push(new Node('QuickGelu', { name: 'odd', domain: 'com.microsoft', inputs: [y], outputs: [last] }));
  reference.outputs.push(last);
  const report = await verifyFold(reference);
  expect(report).toMatchObject({ audit: { verdict: 'proven', sites: 1 }, truth: { verdict: 'not-run' } });
});
