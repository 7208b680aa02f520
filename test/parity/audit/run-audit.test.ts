import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { int, ints } from '../../../src/onnx/attribute.ts';
import { cloneGraph } from '../../../src/onnx/clone.ts';
import { Constant } from '../../../src/onnx/constant.ts';
import { numberToFloat16 } from '../../../src/half.ts';
import { Graph, type Node, type Value } from '../../../src/onnx/graph.ts';
import { newModelInfo } from '../../../src/onnx/model-info.ts';
import type { Audit } from '../../../src/parity/audit/report.ts';
import { audit } from '../../../src/parity/audit/run-audit.ts';
import { generateSamples } from '../../../src/parity/samples.ts';
import { load } from '../../../src/runtime/node.ts';
import { float32, sizeOf, type Tensor } from '../../../src/tensor.ts';
import { noise } from '../../support/runnable-models.ts';
import { Network, forwardNetwork, smallNetwork } from './networks.ts';

const samplesFor = (graph: Graph, samples = 2) =>
  generateSamples(
    graph.inputs.map(({ name, dtype, shape }) => ({ name, dtype: dtype!, shape: shape! })),
    { samples },
  );

async function auditFold(reference: Graph, spoil?: (folded: Graph) => void): Promise<Audit> {
  const { graph, report } = foldGraph(reference);
  const candidate = cloneGraph(graph);
  spoil?.(candidate);
  return audit({ load, reference, candidate, folds: report.folds, samples: samplesFor(reference) });
}

const node = (graph: Graph, opType: string, index = 0): Node =>
  graph.nodes.filter((each) => each.opType === opType)[index]!;

test('proves every site of a folded network, and covers every fold', async () => {
  const { totals, sites } = await auditFold(smallNetwork());
  expect(totals).toMatchObject({ verdict: 'proven', violations: 0, uncovered: [], samples: 2 });
  expect(totals.covered).toBe(totals.folds);
  expect(sites.flatMap(({ folds }) => folds).toSorted()).toEqual(['bn1', 'bn2', 'bn3', 'bn4', 'bn5']);
  // Samples of 1 and 3 pictures.
  expect(totals.elements).toBe(sites.reduce((sum, { elements }) => sum + elements, 0));
  expect(totals.worstShare).toBeGreaterThan(0.01);
  expect(totals.worstShare).toBeLessThan(1);
});

test('proves folds in front of their weights', async () => {
  const { totals } = await auditFold(forwardNetwork());
  expect(totals).toMatchObject({ verdict: 'proven', folds: 2, covered: 2, violations: 0 });
});

test('takes initializers that a caller could override as what they are when nobody does', async () => {
  const graph = new Graph('network', { ...newModelInfo(), irVersion: 8, opsets: new Map([['', 15]]) });
  const constant = (shape: number[], ...data: number[]) => graph.constant('c', float32(shape, data));
  const then = (opType: string, ...inputs: Value[]) => graph.node(opType, { inputs, output: { name: opType, dtype: 'float32' } }); // prettier-ignore
  const k = constant([2, 1, 1], 1, 3);
  const x = graph.input('x', { dtype: 'float32', shape: [1, 2, 4, 4] });
  graph.inputs.push(k);
  const statistics = [[1, 2], [0.1, 0.2], [0.1, 0.3], [1, 2]].map((vector) => constant([2], ...vector)); // prettier-ignore
  const y = then('Conv', then('BatchNormalization', then('Mul', x, k), ...statistics), constant([3, 2, 1, 1], 1, 2, 3, 4, 5, 6)); // prettier-ignore
  graph.outputs.push(y);
  const { graph: candidate, report } = foldGraph(graph);
  const samples = generateSamples([{ name: 'x', dtype: 'float32', shape: [1, 2, 4, 4] }], { samples: 2 });
  const { totals } = await audit({ load, reference: graph, candidate, folds: report.folds, samples });
  expect(totals).toMatchObject({ verdict: 'proven', folds: 1, covered: 1, sites: 1, violations: 0 });
});

test('has nothing to say about a model and itself', async () => {
  const graph = smallNetwork();
  const { totals, sites } = await audit({
    load,
    reference: graph,
    candidate: cloneGraph(graph),
    samples: samplesFor(graph),
  });
  expect(totals).toMatchObject({ verdict: 'proven', sites: 0, elements: 0, folds: 0 });
  expect(sites).toEqual([]);
});

test('names a fold that it finds nowhere', async () => {
  const graph = smallNetwork();
  const folds = [{ name: 'bn2' }];
  const { totals } = await audit({
    load,
    reference: graph,
    candidate: cloneGraph(graph),
    folds,
    samples: samplesFor(graph),
  });
  expect(totals).toMatchObject({ verdict: 'unproven', folds: 1, covered: 0, uncovered: ['bn2'] });
  expect(totals.reason).toContain('bn2');
});

describe('a planted defect breaks a proven bound:', () => {
  const edit = (target: Node, input: number, change: (data: Float32Array, shape: readonly number[]) => void) => {
    const value = target.inputs[input]!;
    const tensor = value.constant!.tensor();
    const data = (tensor.data as Float32Array).slice();
    change(data, tensor.shape);
    value.constant = Constant.of({ dtype: 'float32', shape: tensor.shape, data });
  };
  const swap = (data: Float32Array, size: number, i: number, j: number) => {
    const kept = data.slice(i * size, (i + 1) * size);
    data.copyWithin(i * size, j * size, (j + 1) * size);
    data.set(kept, j * size);
  };
  const scaleOne = (share: number) => (data: Float32Array) => {
    data[2]! *= 1 + share;
  };

  const DEFECTS: Readonly<Record<string, (folded: Graph) => void>> = {
    'one weight of a Conv off by 1e-4': (g) => { edit(node(g, 'Conv'), 1, scaleOne(1e-4)); },
    'one weight of a Conv off by 1e-5': (g) => { edit(node(g, 'Conv'), 1, scaleOne(1e-5)); },
    'one weight of a depthwise Conv off by 1e-6': (g) => { edit(node(g, 'Conv', 1), 1, scaleOne(1e-6)); },
    'one weight of a grouped Conv off by 1e-4': (g) => { edit(node(g, 'Conv', 3), 1, scaleOne(1e-4)); },
    'one weight of a Dense off by 1e-5': (g) => { edit(node(g, 'Gemm'), 1, scaleOne(1e-5)); },
    'one bias off by 1e-6': (g) => { edit(node(g, 'Conv'), 2, scaleOne(1e-6)); },
    'all weights rounded towards zero': (g) => {
      edit(node(g, 'Conv', 2), 1, (data) => { const bits = new Uint32Array(data.buffer); bits.forEach((b, i) => (bits[i] = b & ~7)); });
    },
    'two output channels changed for one another': (g) => { edit(node(g, 'Conv'), 1, (data, [, ...rest]) => { swap(data, rest.reduce((a, b) => a * b), 0, 5); }); },
    'two biases changed for one another': (g) => { edit(node(g, 'Conv', 1), 2, (data) => { swap(data, 1, 1, 6); }); },
    'a bias that was forgotten': (g) => { edit(node(g, 'Gemm'), 2, (data) => data.fill(0)); },
    'a scale on the wrong group': (g) => { edit(node(g, 'Conv', 3), 1, (data, [, ...rest]) => { swap(data, rest.reduce((a, b) => a * b), 0, 3); }); },
    'kernels turned around': (g) => { edit(node(g, 'Conv'), 1, (data) => data.reverse()); },
    'a negative scale taken for a positive one': (g) => { edit(node(g, 'Conv', 2), 1, (data, [, C]) => { for (let i = 0; i < C!; i++) data[i]! *= -1; }); },
    'another padding': (g) => { node(g, 'Conv').attributes.set('pads', ints([0, 2, 2, 0])); },
    'another stride of a pooling': (g) => { node(g, 'MaxPool').attributes.set('kernel_shape', ints([1, 2])); node(g, 'MaxPool').attributes.set('pads', ints([0, 0, 0, 0])); },
    'a weight that is infinite': (g) => { edit(node(g, 'Conv', 1), 1, (data) => { data[4] = Infinity; }); },
    'a weight that is NaN': (g) => { edit(node(g, 'Gemm'), 1, (data) => { data[0] = NaN; }); },
    'weights read transposed': (g) => {
      edit(node(g, 'Gemm'), 1, (data, [K, N]) => { const old = data.slice(); for (let k = 0; k < K!; k++) for (let n = 0; n < N!; n++) data[k * N! + n] = old[(n * K! + k) % old.length]!; });
    },
    'groups that are ignored': (g) => {
      const conv = node(g, 'Conv', 3);
      conv.attributes.set('group', int(2));
      edit(conv, 1, (data) => { swap(data, data.length / 2, 0, 1); });
    },
  }; // prettier-ignore

  test.each(Object.entries(DEFECTS))('%s', async (_, spoil) => {
    const { totals, sites } = await auditFold(smallNetwork(), spoil);
    expect(totals.verdict).toBe('violated');
    expect(totals.violations).toBeGreaterThan(0);
    expect(totals.worstShare).toBeGreaterThan(1);
    expect(totals.reason).toMatch(/^a defect, not rounding: \d+ of \d+ elements of .* break a proven bound/);
    // One node was spoiled: the others keep their proof.
    expect(sites.filter(({ verdict }) => verdict === 'violated')).toHaveLength(1);
  });

  test('a shift that became a bias in front of a padded Conv, which is wrong at the border only', async () => {
    const net = new Network(5);
    const x = net.input([1, 3, 13, 13]);
    const shifted = net.node('Add', [x, net.vector('t', 3, () => 0.5, [3, 1, 1])], {}, 'shift');
    const unfolded = net.done(net.conv(shifted, [4, 3], 3, {}, 'y'));
    const folded = cloneGraph(unfolded);
    const conv = node(folded, 'Conv');
    const W = conv.inputs[1]!.constant!.tensor().data as Float32Array;
    const bias = Array.from({ length: 4 }, (_, m) => 0.5 * W.subarray(m * 27, (m + 1) * 27).reduce((a, b) => a + b, 0));
    conv.setInput(0, folded.inputs[0]);
    conv.setInput(2, folded.constant('bias', { dtype: 'float32', shape: [4], data: Float32Array.from(bias) }));
    folded.removeNode(node(folded, 'Add'));
    const { totals, sites } = await audit({
      load,
      reference: unfolded,
      candidate: folded,
      folds: [{ name: 'shift' }],
      samples: samplesFor(unfolded, 1),
    });
    expect(totals).toMatchObject({ verdict: 'violated', covered: 1 });
    // The rim of 13 × 13 and nothing inside of it.
    expect(totals.violations).toBe(4 * (13 * 13 - 11 * 11));
    const [, , row, column] = sites[0]!.worst!.index;
    expect([0, 12].includes(row!) || [0, 12].includes(column!)).toBe(true);
  });

  test('a node behind the weights that went missing', async () => {
    const { totals } = await auditFold(smallNetwork(), (g) => {
      const relu = node(g, 'Relu', 1);
      g.replaceUses(relu.outputs[0]!, relu.inputs[0]!);
      g.removeNode(relu);
    });
    expect(totals.verdict).toBe('violated');
  });
});

describe('where an operator has no proven bound', () => {
  /** Conv and Softplus; `detour` lets the Conv read x by way of an Identity, under another name of its result. */
  const build = (detour: boolean, name: string) => {
    const net = new Network(6);
    const x = net.input([1, 3, 5, 5]);
    const y = net.conv(detour ? net.node('Identity', [x], {}, 'twin') : x, [4, 3], 3, {}, name);
    return net.done(net.node('Softplus', [y], {}, 'soft'));
  };
  const run = (candidate: Graph) => {
    const reference = build(false, 'conv');
    return audit({ load, reference, candidate, samples: samplesFor(reference, 1) });
  };

  test('proves what is in front of it, if that has a name of its own', async () => {
    expect((await run(build(true, 'conv'))).totals).toMatchObject({ verdict: 'proven', sites: 1 });
  });

  test('says so where it is part of what was changed', async () => {
    const { totals } = await run(build(true, 'other'));
    expect(totals).toMatchObject({ verdict: 'unproven', sites: 1, proven: 0, elements: 0 });
    expect(totals.reason).toBe('soft: soft (Softplus) has no proven error bound');
  });

  test('skips it where it is the same, whatever the values in between are called', async () => {
    expect((await run(build(false, 'other'))).totals).toMatchObject({ verdict: 'proven', sites: 0 });
  });
});

describe('a model that another tool has folded, which gave the name of a lost value to what is there now,', () => {
  /** Conv → bn → Relu; folded, the Conv writes what bn wrote, under its own old name. */
  const build = (spoil: (weights: Float32Array) => void = () => undefined) => {
    const net = new Network(3);
    const y = net.node('Relu', [net.norm(net.conv(net.input([1, 3, 6, 6]), [4, 3], 3, {}, 'conv'), 4, 'bn')], {}, 'y');
    const reference = net.done(net.node('MaxPool', [y], { kernel_shape: ints([2, 2]) }, 'z'));
    const { graph } = foldGraph(reference);
    const [made] = graph.nodes;
    const weights = (made!.inputs[1]!.constant!.tensor().data as Float32Array).slice();
    spoil(weights);
    const { shape } = made!.inputs[1]!.constant!;
    const [W, b] = [graph.constant('folded', { dtype: 'float32', shape, data: weights }), made!.inputs[2]];
    const candidate = cloneGraph(reference);
    const conv = node(candidate, 'Conv');
    conv.setInput(1, candidate.constant('W', W.constant!.tensor()));
    conv.setInput(2, candidate.constant('b', b!.constant!.tensor()));
    node(candidate, 'Relu').setInput(0, conv.outputs[0]);
    candidate.removeNode(node(candidate, 'BatchNormalization'));
    return { load, reference, candidate, samples: samplesFor(reference, 1) };
  };

  test('is proven once the name is given up', async () => {
    expect((await audit(build())).totals.verdict).toBe('violated');
    const { totals } = await audit({ ...build(), names: 'guessed' });
    expect(totals).toMatchObject({ verdict: 'proven', sites: 1, reused: ['conv'], violations: 0 });
  });

  test('is still found to be wrong where it is', async () => {
    const { totals } = await audit({ ...build((weights) => (weights[0]! *= 1.0001)), names: 'guessed' });
    expect(totals.verdict).toBe('violated');
  });
});

test('proves a fold in float16, whose bounds are those of 11 bits', async () => {
  const net = new Network(3);
  const random = noise(3);
  const half = (shape: readonly number[], make: () => number): Tensor => ({
    dtype: 'float16',
    shape,
    data: Uint16Array.from({ length: sizeOf(shape) }, () => numberToFloat16(make())),
  });
  const graph = net.graph;
  const x = graph.input('x', { dtype: 'float16', shape: [2, 3, 6, 6] });
  const W = graph.constant('W', half([5, 3, 3, 3], random));
  const conv = net.node('Conv', [x, W], {}, 'conv');
  const makers = [() => random() + 1.5, random, random, () => random() + 1.5];
  const parameters = makers.map((make, i) => graph.constant(`p${i}`, half([5], make)));
  const reference = net.done(
    net.node('Relu', [net.node('BatchNormalization', [conv, ...parameters], {}, 'bn')], {}, 'y'),
  );
  reference.outputs[0]!.dtype = 'float16';
  const { graph: candidate, report } = foldGraph(reference);
  const samples = [{ x: half([2, 3, 6, 6], random) }];
  const { totals, sites } = await audit({ load, reference, candidate, folds: report.folds, samples });
  expect(totals).toMatchObject({ verdict: 'proven', folds: 1, covered: 1, elements: 160 });
  expect(sites[0]!.maxBound).toBeGreaterThan(2 ** -11);
  expect(sites[0]!.maxBound).toBeLessThan(0.1);
});

test('does not judge float64 by float64', async () => {
  const graph = new Graph('double');
  const x = graph.input('x', { dtype: 'float64', shape: [1, 3] });
  const double = (data: readonly number[]): Tensor => ({ dtype: 'float64', shape: [3], data: Float64Array.from(data) });
  const node64 = (opType: string, inputs: readonly Value[], name: string) =>
    graph.node(opType, { inputs, output: { name, dtype: 'float64', shape: [1, 3] } });
  const y = node64('Mul', [node64('Add', [x, graph.constant('a', double([1, 2, 3]))], 'sum'), graph.constant('b', double([4, 5, 6]))], 'y'); // prettier-ignore
  graph.outputs.push(y);
  const candidate = cloneGraph(graph);
  node(candidate, 'Mul').setInput(1, candidate.constant('c', double([4, 5, 6.5])));
  const { totals } = await audit({ load, reference: graph, candidate, samples: [{ x: { ...double([1, 1, 1]), shape: [1, 3] } }] }); // prettier-ignore
  expect(totals).toMatchObject({ verdict: 'unproven', sites: 1 });
  expect(totals.reason).toContain('float64');
});

describe('a fold in a branch of an If', () => {
  const build = () => {
    const net = new Network(10);
    const graph = net.graph;
    const x = net.input([1, 3, 5, 5]);
    const body = (name: string) => {
      const branch = new Graph(name, graph.model, graph);
      const W = branch.constant(`${name}_W`, net.weights([4, 3, 3, 3], 'shared').constant!.tensor());
      const conv = branch.node('Conv', { inputs: [x, W], output: { name: `${name}_conv` } });
      const parameters = [1.5, 0.5, 0.25, 2].map((value, i) => branch.constant(`${name}_${i}`, float32([4], new Float32Array(4).fill(value)))); // prettier-ignore
      branch.outputs.push(branch.node('BatchNormalization', { inputs: [conv, ...parameters], output: { name: `${name}_bn`, dtype: 'float32', shape: [1, 4, 3, 3] } })); // prettier-ignore
      return branch;
    };
    const [least, zero] = [
      net.node('ReduceMax', [x], { keepdims: int(0) }, 'max'),
      net.vector('zero', 1, () => 0.5, []),
    ];
    const condition = net.node('Greater', [least, zero], {}, 'condition');
    const y = graph.node('If', {
      inputs: [condition],
      attributes: {
        then_branch: { kind: 'graph', value: body('then') },
        else_branch: { kind: 'graph', value: body('else') },
      },
      output: { name: 'y', dtype: 'float32', shape: [1, 4, 3, 3] },
    });
    return net.done(y);
  };

  test('is proven on the branch that is taken, with all its folds in one site', async () => {
    const reference = build();
    const { graph: candidate, report } = foldGraph(reference);
    expect(report.batchNormalizations).toMatchObject({ found: 2, folded: 2 });
    const { totals } = await audit({
      load,
      reference,
      candidate,
      folds: report.folds,
      samples: samplesFor(reference, 2),
    });
    expect(totals).toMatchObject({ verdict: 'proven', folds: 2, covered: 2, sites: 1, elements: 2 * 36 });
  });
});

test('does not compare models of different opsets', async () => {
  const graph = smallNetwork();
  const other = cloneGraph(graph);
  other.model.opsets.set('', 18);
  const { totals } = await audit({ load, reference: graph, candidate: other, samples: samplesFor(graph) });
  expect(totals).toMatchObject({ verdict: 'not-run', elements: 0 });
  expect(totals.reason).toContain('opsets');
});

test('can be ended', async () => {
  const reference = smallNetwork();
  const { graph: candidate } = foldGraph(reference);
  const signal = AbortSignal.abort();
  await expect(audit({ load, reference, candidate, samples: samplesFor(reference), signal })).rejects.toMatchObject({ code: 'ABORTED' }); // prettier-ignore
});
