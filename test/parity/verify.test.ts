import { describe, expect, test } from 'vitest';
import { ints } from '../../src/onnx/attribute.ts';
import { Graph } from '../../src/onnx/graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { verify, type VerifyOptions } from '../../src/parity/verify.ts';
import type { Load } from '../../src/runtime/model.ts';
import { load } from '../../src/runtime/node.ts';
import { int64 } from '../../src/tensor.ts';
import { batchNormalized, oneNode, perceptron, randomLayers } from '../support/runnable-models.ts';

const LAYERS = randomLayers([6, 8, 4], 11);
const MLP = perceptron(LAYERS);
const check = (candidate: Uint8Array | string, options: Partial<VerifyOptions> = {}) =>
  verify({ load, reference: MLP, candidate, ...options });

/** The same network with one weight moved. */
function withDefect(delta: number): Uint8Array {
  const [first, ...others] = structuredClone(LAYERS) as { weights: number[][]; bias: number[] }[];
  first!.weights[2]![3]! += delta;
  return perceptron([first!, ...others]);
}

test('passes a model against itself, at every optimisation level', async () => {
  const report = await check(MLP);
  expect(report).toMatchObject({ verdict: 'pass', samples: 4, seed: 0, tolerance: { name: 'float32' } });
  expect(report.reason).toBeUndefined();
  expect(report.reference!.provider.optimization).toBe('disabled');
  expect(report.runs.map(({ verdict, provider }) => [verdict, provider!.optimization])).toEqual([
    ['pass', 'disabled'],
    ['pass', 'basic'],
    ['pass', 'extended'],
    ['pass', 'all'],
  ]);
  // 1 + 3 + 1 + 3 rows of 4.
  expect(report.outputs.y).toMatchObject({ elements: 32, pass: true, nonFinite: 0 });
  expect(report.runs[0]!.outputs.y!.maxAbs).toBe(0);
});

test('passes a BatchNormalization folded by hand in float64', async () => {
  const { unfolded, folded } = batchNormalized(randomLayers([6, 8], 12)[0]!, 13);
  const report = await verify({ load, reference: unfolded, candidate: folded });
  expect(report.verdict).toBe('pass');
  expect(report.outputs.y!.maxAbs).toBeGreaterThan(0);
});

test('fails one weight that is off by a thousandth, and says where and by how much', async () => {
  const report = await check(withDefect(1e-3));
  expect(report.verdict).toBe('fail');
  expect(report.reason).toMatch(
    /^optimisation disabled: output y differs at sample \d \[\d, \d\]: .* times what float32 allows\)$/,
  );
  expect(report.runs.every(({ verdict }) => verdict === 'fail')).toBe(true);
  expect(report.outputs.y!.worstShare).toBeGreaterThan(1);
});

test('takes a tolerance of your own', async () => {
  const tolerance = { name: 'loose', atol: 0.01, rtol: 0, range: 0 };
  expect(await check(withDefect(1e-3), { tolerance })).toMatchObject({ verdict: 'pass', tolerance });
});

test('gives the same numbers for the same seed, and others for another', async () => {
  const metrics = async (seed: number) => (await check(withDefect(1e-3), { seed })).outputs;
  expect(await metrics(3)).toEqual(await metrics(3));
  expect(await metrics(3)).not.toEqual(await metrics(4));
});

test('compares on samples of your own', async () => {
  const report = await check(MLP, { inputs: [{ x: new Float32Array(6) }, { x: new Float32Array(12) }] });
  expect(report).toMatchObject({ verdict: 'pass', samples: 2, outputs: { y: { elements: 12 } } });
});

test('compares integer outputs exactly', async () => {
  const plus = (value: number) =>
    oneNode('Add', { dtype: 'int64', shape: ['n'] }, { dtype: 'int64', shape: ['n'] }, [int64([value])]);
  const report = await verify({ load, reference: plus(1_000_000), candidate: plus(1_000_001) });
  expect(report).toMatchObject({ verdict: 'fail', outputs: { y: { tolerance: { name: 'exact' }, maxAbs: 1 } } });
});

describe('fails', () => {
  test('what onnxruntime itself computes otherwise when it optimises, and says whose fault it is', async () => {
    const graph = new Graph('pad-max-pool');
    const x = graph.input('x', { dtype: 'float32', shape: [1, 1, 4, 4] });
    const pads = graph.constant('pads', int64([0, 0, 1, 1, 0, 0, 1, 1]));
    const padded = graph.node('Pad', { inputs: [x, pads], output: { name: 'padded' } });
    const attributes = { kernel_shape: ints([2, 2]) };
    const output = { name: 'y', dtype: 'float32', shape: [1, 1, 5, 5] } as const;
    graph.outputs.push(graph.node('MaxPool', { inputs: [padded], attributes, output }));
    const model = writeOnnx(graph);
    const report = await verify({ load, reference: model, candidate: model });
    expect(report.runs.map(({ verdict }) => verdict)).toEqual(['pass', 'fail', 'fail', 'fail']);
    expect(report.reason).toContain('so does the reference: onnxruntime itself changes');
  });

  test('an output that is NaN, also where the reference has NaN too', async () => {
    const root = oneNode('Sqrt', { shape: ['n', 3] });
    const report = await verify({ load, reference: root, candidate: root });
    expect(report.verdict).toBe('fail');
    expect(report.reason).toMatch(
      /output y has \d+ elements that are NaN or infinite, and the reference gives such values itself/,
    );
  });

  const identity = oneNode('Identity', { shape: ['batch', 6] });
  const cases: [string, Uint8Array, RegExp][] = [
    ['another input name', perceptron(LAYERS, { input: 'z', output: 'y' }), /the inputs differ: x in the reference, z/],
    [
      'another output name',
      perceptron(LAYERS, { input: 'x', output: 'z' }),
      /the outputs differ: y in the reference, z/,
    ],
    [
      'another dtype',
      oneNode('Identity', { dtype: 'float64', shape: ['batch', 6] }),
      /input x differs: float32 .* float64/,
    ],
    ['another rank', oneNode('Identity', { shape: ['batch', 6, 1] }), /input x differs: .* \[batch, 6, 1\]/],
    ['a batch that is fixed', oneNode('Identity', { shape: [1, 6] }), /input x differs: .* \[1, 6\]/],
    ['another output size', identity, /output y differs: float32 \[batch, 4\] .* \[batch, 6\]/],
    ['a file that onnxruntime refuses', MLP.subarray(0, 100), /the candidate did not run: onnxruntime refused/],
  ];
  test.each(cases)('%s', async (_, candidate, words) => {
    const report = await check(candidate);
    expect(report.verdict).toBe('fail');
    expect(report.reason).toMatch(words);
  });

  test('an output whose shape turns out different', async () => {
    const pick = (...flags: number[]) =>
      oneNode('Compress', { shape: [3] }, { shape: ['m'] }, [
        { dtype: 'bool', shape: [3], data: Uint8Array.from(flags) },
      ]);
    const report = await verify({ load, reference: pick(1, 0, 0), candidate: pick(1, 1, 0) });
    expect(report).toMatchObject({ verdict: 'fail' });
    expect(report.reason).toMatch(/dtype or shape differ; expected float32 \[1\], found float32 \[2\]/);
  });
});

describe('is not run, which is no pass,', () => {
  test('without samples', async () => {
    const notRun = {
      verdict: 'not-run',
      reason: 'there are no samples',
      samples: 0,
      runs: [],
      outputs: {},
      reference: null,
    };
    expect(await check(MLP, { samples: 0 })).toMatchObject(notRun);
    expect(await check(MLP, { inputs: [] })).toMatchObject(notRun);
  });

  test('without optimisation levels', async () => {
    expect(await check(MLP, { levels: [] })).toMatchObject({ verdict: 'not-run', reason: 'there are no runs' });
  });

  test('when an output is empty for every sample', async () => {
    const empty = oneNode('Slice', { shape: ['n', 3] }, { shape: ['m', 3] }, [int64([0]), int64([0]), int64([0])]);
    const report = await verify({ load, reference: empty, candidate: empty });
    expect(report).toMatchObject({ verdict: 'not-run', outputs: { y: { elements: 0, pass: false } } });
    expect(report.reason).toMatch(/output y was empty for every sample/);
  });

  test('when the reference does not load, does not run, or needs inputs that cannot be made', async () => {
    const reshape = oneNode('Reshape', { shape: ['n'] }, { shape: [7] }, [int64([7])]);
    const cases: [Uint8Array, RegExp][] = [
      [MLP.subarray(0, 100), /the reference did not run: onnxruntime refused the model/],
      [reshape, /the reference did not run: the model failed while running: .*Reshape/],
      [
        oneNode('Identity', { shape: [2 ** 20, 2 ** 20] }),
        /the reference did not run: .* no test input is made this large/,
      ],
    ];
    for (const [reference, words] of cases) {
      const report = await check(MLP, { reference });
      expect(report.verdict).toBe('not-run');
      expect(report.reason).toMatch(words);
    }
  });

  test('when there is no runtime', async () => {
    const report = await check(MLP, { load: (source) => load(source, { provider: 'webnn' }) });
    expect(report).toMatchObject({ verdict: 'not-run', reason: expect.stringContaining('webnn') as string });
  });
});

test('throws what is a fault of the call', async () => {
  await expect(check('/no/such/candidate.onnx')).rejects.toMatchObject({ code: 'FILE' });
  await expect(check(MLP, { reference: '/no/such/reference.onnx' })).rejects.toMatchObject({ code: 'FILE' });
  await expect(check(MLP, { inputs: [{ x: new Float32Array(5) }] })).rejects.toMatchObject({ code: 'INPUT' });
  await expect(check(MLP, { samples: -1 })).rejects.toMatchObject({ code: 'USAGE' });
});

test('holds one session at a time and frees each, whatever happens', async () => {
  let open = 0;
  let most = 0;
  const counting: Load = async (source, options) => {
    const model = await load(source, options);
    most = Math.max(most, ++open);
    const dispose = model.dispose.bind(model);
    return Object.assign(model, { dispose: () => (open--, dispose()) });
  };
  for (const candidate of [MLP, withDefect(1), oneNode('Identity', { shape: [1] }), MLP.subarray(0, 50)]) {
    await check(candidate, { load: counting });
    expect([open, most]).toEqual([0, 1]);
  }
});

test('keeps outputs called like built-in properties apart', async () => {
  const model = perceptron(LAYERS, { input: 'constructor', output: 'toString' });
  const report = await verify({ load, reference: model, candidate: model });
  expect(report.verdict).toBe('pass');
  expect(Object.keys(report.outputs)).toEqual(['toString']);
});

test('gives a report that JSON can hold', async () => {
  const report = await check(withDefect(1e-3));
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});
