import { describe, expect, test } from 'vitest';
import { EdgefoldError } from '../../../src/errors.ts';
import { float, int, ints, string, type Attribute } from '../../../src/onnx/attribute.ts';
import { evaluate, evaluateNode, operatorsWithoutKernel } from '../../../src/onnx/evaluate/evaluate.ts';
import { multiplyAdds } from '../../../src/onnx/evaluate/work.ts';
import { Graph, Node, type Value } from '../../../src/onnx/graph.ts';
import { newModelInfo } from '../../../src/onnx/model-info.ts';
import { withFunctions } from '../../fold/with-functions.ts';
import { float32, int64, type Tensor } from '../../../src/tensor.ts';

const ones = (...shape: number[]): Tensor => float32(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1));

/** One node on tensors given as inputs. */
async function run(opType: string, inputs: readonly Tensor[], attributes: Record<string, Attribute> = {}, opset = 17) {
  const graph = new Graph('one', newModelInfo(17));
  graph.model.opsets.set('', opset);
  const values = inputs.map((tensor, i) => graph.input(`x${String(i)}`, tensor));
  const y = graph.node(opType, { inputs: values, attributes, output: { name: 'y' } });
  graph.outputs.push(y);
  const feeds = Object.fromEntries(inputs.map((tensor, i) => [`x${String(i)}`, tensor]));
  return (await evaluate(graph, feeds)).get(y)!;
}

async function faultOf(promise: Promise<unknown>): Promise<EdgefoldError> {
  const fault = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(fault).toBeInstanceOf(EdgefoldError);
  return fault as EdgefoldError;
}

/** x → Relu → Neg → y, with a Sin at the side. */
function chain(): { graph: Graph; x: Value; relu: Value; y: Value; sine: Value } {
  const graph = new Graph('chain');
  const x = graph.input('x', { dtype: 'float32', shape: ['N', 2] });
  const relu = graph.node('Relu', { inputs: [x], output: { name: 'relu' } });
  const y = graph.node('Neg', { inputs: [relu], output: { name: 'y' } });
  const sine = graph.node('Sin', { inputs: [x], output: { name: 'sine' } });
  graph.outputs.push(y, sine);
  return { graph, x, relu, y, sine };
}

describe('evaluating a graph', () => {
  test('keeps float64 where the graph says float32', async () => {
    const third = await run('Div', [float32([1], [1]), float32([1], [3])]);
    expect(third).toEqual({ dtype: 'float32', shape: [1], data: Float64Array.of(1 / 3) });
    const sum = await run('Add', [float32([1], [2 ** 24]), float32([1], [1])]);
    expect(sum.data[0]).toBe(2 ** 24 + 1);
  });

  test('sums of products are exact where float64 holds them, in tiles and groups of every size', async () => {
    for (const [M, K, N] of [[1, 1, 1], [5, 7, 3], [3, 2000, 70], [9, 4, 1100]] as const) {
      const whole = (i: number) => ((i * 7919) % 8191) * 1021 - 4_000_000;
      const a = Array.from({ length: M * K }, (_, i) => whole(i));
      const b = Array.from({ length: K * N }, (_, i) => whole(i + 13) % 100_000);
      const product = await run('MatMul', [float32([M, K], a), float32([K, N], b)]);
      const row = (m: number, n: number) => a.slice(m * K, (m + 1) * K).reduce((sum, x, k) => sum + BigInt(x) * BigInt(b[k * N + n]!), 0n);
      for (const [m, n] of [[0, 0], [M - 1, N - 1], [M >> 1, N >> 1]] as const) {
        expect(BigInt(product.data[m * N + n] as number)).toBe(row(m, n));
      }
    }
  }); // prettier-ignore

  test('a Cast between floats changes the type and no number', async () => {
    const graph = new Graph('cast');
    const x = graph.input('x', { dtype: 'float32', shape: [1] });
    const third = graph.node('Div', { inputs: [x, graph.constant('c', float32([1], [3]))], output: { name: 'third' } });
    const half = graph.node('Cast', { inputs: [third], attributes: { to: int(10) }, output: { name: 'half' } });
    graph.outputs.push(half);
    const results = await evaluate(graph, { x: float32([1], [1]) });
    expect(results.get(half)).toEqual({ dtype: 'float16', shape: [1], data: Float64Array.of(1 / 3) });
  });

  test('evaluates only what is wanted, and tells how far it is', async () => {
    const { graph, relu } = chain();
    const seen: [string, number, number][] = [];
    const results = await evaluate(graph, { x: float32([1, 2], [-1, 2]) }, {
      outputs: [relu],
      onNode: ({ opType }, done, total) => seen.push([opType, done, total]),
    }); // prettier-ignore
    expect([...results.keys()]).toEqual([relu]);
    expect([...results.get(relu)!.data]).toEqual([0, 2]);
    expect(seen).toEqual([['Relu', 1, 1]]);
  });

  test('gives inputs and constants that are wanted', async () => {
    const { graph, x, y } = chain();
    const c = graph.constant('c', float32([1], [0.1]));
    const results = await evaluate(graph, { x: float32([1, 2], [-1, 2]) }, { outputs: [x, c, y] });
    expect([...results.get(c)!.data]).toEqual([Math.fround(0.1)]);
    expect([...results.get(x)!.data]).toEqual([-1, 2]);
  });

  test('an initializer that is also an input may be overridden', async () => {
    const graph = new Graph('override');
    const x = graph.input('x', { dtype: 'float32', shape: [1] });
    x.constant = graph.constant('w', float32([1], [7])).constant;
    graph.outputs.push(graph.node('Neg', { inputs: [x], output: { name: 'y' } }));
    const [y] = graph.outputs as [Value];
    expect((await evaluate(graph, {})).get(y)!.data[0]).toBe(-7);
    expect((await evaluate(graph, { x: float32([1], [3]) })).get(y)!.data[0]).toBe(-3);
  });

  test('lets go of what nobody needs any more', async () => {
    const graph = new Graph('long');
    let value = graph.input('x', { dtype: 'float32', shape: [1000] });
    for (let i = 0; i < 50; i++) value = graph.node('Neg', { inputs: [value], output: { name: `n${String(i)}` } });
    graph.outputs.push(value);
    const x = ones(1000);
    expect((await evaluate(graph, { x }, { maxElements: 3000 })).get(value)!.data[0]).toBe(1);
    const fault = await faultOf(evaluate(graph, { x }, { maxElements: 1500 }));
    expect(fault.code).toBe('LIMIT');
  });

  test('runs the bodies of If, which read values around them', async () => {
    const graph = new Graph('if');
    const condition = graph.input('condition', { dtype: 'bool', shape: [] });
    const x = graph.input('x', { dtype: 'float32', shape: [1] });
    const twice = graph.node('Add', { inputs: [x, x], output: { name: 'twice' } });
    const branch = (name: string, opType: string): Attribute => {
      const body = new Graph(name, graph.model, graph);
      body.outputs.push(body.node(opType, { inputs: [twice], output: { name } }));
      return { kind: 'graph', value: body };
    };
    const attributes = { then_branch: branch('positive', 'Identity'), else_branch: branch('negative', 'Neg') };
    const y = graph.node('If', { inputs: [condition], attributes, output: { name: 'y' } });
    graph.outputs.push(y);
    for (const yes of [0, 1]) {
      const inputs = {
        x: float32([1], [3]),
        condition: { dtype: 'bool', shape: [], data: Uint8Array.of(yes) },
      } as const;
      expect((await evaluate(graph, inputs)).get(y)!.data[0]).toBe(yes ? 6 : -6);
    }
  });

  test('takes calls of functions of the model as what they consist of', async () => {
    const body = new Graph('body');
    const [a, b] = [body.input('a', {}), body.input('b', {})];
    const scaled = body.node('LeakyRelu', { inputs: [a], output: { name: 'scaled' } });
    body.outputs.push(body.node('Sub', { inputs: [scaled, b], output: { name: 'difference' } }));
    const plain = new Graph('calls');
    const x = plain.input('x', { dtype: 'float32', shape: [1] });
    const call = plain.node('Leak', { domain: 'acme', inputs: [x, x], attributes: { slope: float(0.25) }, output: { name: 'called' } }); // prettier-ignore
    plain.outputs.push(plain.node('Abs', { inputs: [call], output: { name: 'y' } }));
    const references = [['scaled', 'alpha', 'slope', 1]] as const;
    const graph = withFunctions(plain, [{ name: 'Leak', body, attributes: ['slope'], references }]);
    const [called] = graph.nodes.map(({ outputs }) => outputs[0]!) as [Value];
    const results = await evaluate(graph, { x: float32([1], [-2]) }, { outputs: [called, ...graph.outputs] });
    expect([...results.values()].map(({ data }) => data[0])).toEqual([1.5, 1.5]);
    expect(operatorsWithoutKernel(graph)).toEqual([]);
  });

  test('other tasks of the thread get their turn', async () => {
    const { graph } = chain();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await evaluate(graph, { x: ones(2_000_000, 2) });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
  });
});

describe('what cannot be evaluated is refused', () => {
  test('all operators without a kernel are named at once, before any work', async () => {
    const { graph, y } = chain();
    const odd = graph.node('Bernoulli', { inputs: [y], output: { name: 'odd' } });
    const odder = graph.node('Mystery', { inputs: [odd], domain: 'org.example', output: { name: 'odder' } });
    graph.outputs.push(odder);
    const seen: string[] = [];
    const fault = await faultOf(evaluate(graph, { x: ones(1, 2) }, { onNode: ({ opType }) => seen.push(opType) }));
    expect([fault.code, fault.received]).toEqual(['UNSUPPORTED', 'Bernoulli, org.example:Mystery']);
    expect(seen).toEqual([]);
    expect(operatorsWithoutKernel(graph)).toEqual(['Bernoulli', 'org.example:Mystery']);
    expect(operatorsWithoutKernel(graph, [y])).toEqual([]);
  });

  test('inputs that are missing, unknown, or of another type, shape or length', async () => {
    const { graph } = chain();
    const x = ones(1, 2);
    const refusals = [
      {},
      { x, z: x },
      { x: { ...x, dtype: 'int32' } as Tensor },
      { x: ones(1, 3) },
      { x: ones(2) },
      { x: { ...x, shape: [3, 2] } },
    ];
    for (const inputs of refusals) expect((await faultOf(evaluate(graph, inputs))).code).toBe('INPUT');
  });

  test('an evaluation that was ended', async () => {
    const { graph } = chain();
    const fault = await faultOf(evaluate(graph, { x: ones(1, 2) }, { signal: AbortSignal.abort() }));
    expect(fault.code).toBe('ABORTED');
  });

  test('integers that float64 cannot count', async () => {
    const large = { dtype: 'int64', shape: [1], data: BigInt64Array.of(2n ** 60n) } as const;
    expect((await faultOf(run('Neg', [large]))).code).toBe('UNSUPPORTED');
    const safe = { dtype: 'int64', shape: [1], data: BigInt64Array.of(2n ** 52n) } as const;
    expect((await faultOf(run('Add', [safe, safe]))).code).toBe('UNSUPPORTED');
    expect((await faultOf(run('Cast', [float32([1], [1e30])], { to: int(7) }))).code).toBe('UNSUPPORTED');
  });

  test('the ends of int64 stand for no bound, and are no numbers to count with', async () => {
    const ends = { dtype: 'int64', shape: [2], data: BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n)) } as const;
    const x = { dtype: 'int64', shape: [1], data: BigInt64Array.of(5n) } as const;
    expect([...(await run('Min', [ends, x])).data]).toEqual([5, -Infinity]);
    expect([...(await run('Cast', [ends], { to: int(1) })).data]).toEqual([2 ** 63, -(2 ** 63)]);
    for (const opType of ['Add', 'Mod', 'Mul']) {
      expect((await faultOf(run(opType, [ends, x]))).code, opType).toBe('UNSUPPORTED');
    }
    expect((await faultOf(run('CumSum', [ends, int64([0])]))).code).toBe('UNSUPPORTED');
  });

  test('tensors that would not fit into memory', async () => {
    const shape = int64([2 ** 20, 2 ** 20]);
    expect((await faultOf(run('ConstantOfShape', [shape]))).code).toBe('LIMIT');
    expect((await faultOf(run('Expand', [ones(1, 1), shape]))).code).toBe('LIMIT');
    const pads = int64([0, 0, 2 ** 30, 2 ** 30]);
    expect((await faultOf(run('Pad', [ones(1, 1), pads]))).code).toBe('LIMIT');
    const wide = { kernel_shape: ints([1, 1]), pads: ints([2 ** 30, 2 ** 30, 0, 0]) };
    expect((await faultOf(run('Conv', [ones(1, 1, 1, 1), ones(1, 1, 1, 1)], wide))).code).toBe('LIMIT');
  });

  test('a loop that does not end', async () => {
    const graph = new Graph('loop');
    const body = new Graph('body', graph.model, graph);
    body.input('i', { dtype: 'int64', shape: [] });
    const going = body.input('going', { dtype: 'bool', shape: [] });
    body.outputs.push(body.node('Identity', { inputs: [going], output: { name: 'next' } }));
    const x = graph.input('x', { dtype: 'bool', shape: [] });
    const attributes: Record<string, Attribute> = { body: { kind: 'graph', value: body } };
    graph.outputs.push(graph.node('Loop', { inputs: [undefined, x], attributes, output: { name: 'y' } }));
    const x1 = { dtype: 'bool', shape: [], data: Uint8Array.of(1) } as const;
    const fault = await faultOf(evaluate(graph, { x: x1 }, { maxBodyNodes: 1000 }));
    expect([fault.code, fault.expected]).toEqual(['LIMIT', 'at most 1000']);
  });

  test('shapes that do not fit together', async () => {
    const cases: [string, Tensor[], Record<string, Attribute>?][] = [
      ['Add', [ones(2), ones(3)]],
      ['MatMul', [ones(2, 3), ones(2, 3)]],
      ['Gemm', [ones(2, 3), ones(2, 3)]],
      ['Conv', [ones(1, 3, 4, 4), ones(5, 2, 3, 3)]],
      ['Conv', [ones(1, 3, 4, 4), ones(4, 3, 3, 3)], { strides: ints([0, 1]) }],
      ['Reshape', [ones(2, 3), int64([4, -1])]],
      ['Transpose', [ones(2, 3)], { perm: ints([0, 0]) }],
      ['Concat', [ones(2, 3), ones(2, 4)], { axis: int(0) }],
      ['Gather', [ones(2), int64([2])]],
      ['BatchNormalization', [ones(1, 3), ones(3), ones(3), ones(2), ones(3)]],
      ['Squeeze', [ones(2), int64([0])]],
      ['ConstantOfShape', [int64([-1])]],
      ['Softmax', [ones(2)], { axis: int(1) }],
      ['Split', [ones(4), int64([1, 2])]],
      ['LSTM', [ones(1, 1, 2), ones(1, 4, 3), ones(1, 4, 1)]],
    ];
    for (const [opType, inputs, attributes] of cases) {
      expect((await faultOf(run(opType, inputs, attributes))).code, opType).toBe('CORRUPT');
    }
  });
});

describe('older forms of operators', () => {
  const x = float32([2, 3, 1], [1, 2, 3, 4, 5, 6]);

  test('opset 6 aligns the second operand from an axis on', async () => {
    const sum = await run('Add', [x, float32([2], [10, 20])], { broadcast: int(1), axis: int(0) }, 6);
    expect([...sum.data]).toEqual([11, 12, 13, 24, 25, 26]);
    const ending = await run('Mul', [x, float32([3, 1], [1, 10, 100])], { broadcast: int(1) }, 6);
    expect([...ending.data]).toEqual([1, 20, 300, 4, 50, 600]);
  });

  test('attributes where later opsets have inputs', async () => {
    const clipped = await run('Clip', [x], { min: float(2), max: float(5) }, 6);
    expect([...clipped.data]).toEqual([2, 2, 3, 4, 5, 5]);
    const sliced = await run('Slice', [x], { axes: ints([1]), starts: ints([-2]), ends: { kind: 'ints', value: [2n ** 63n - 1n] } }, 9); // prettier-ignore
    expect([...sliced.data]).toEqual([2, 3, 5, 6]);
    const padded = await run('Pad', [x], { pads: ints([0, 1, 0, 0, 0, 0]), value: float(7) }, 2);
    expect([...padded.data]).toEqual([7, 1, 2, 3, 7, 4, 5, 6]);
    const squeezed = await run('Squeeze', [x], { axes: ints([-1]) }, 11);
    expect(squeezed.shape).toEqual([2, 3]);
    const upsampled = await run(
      'Upsample',
      [float32([1, 2], [1, 2])],
      { scales: { kind: 'floats', value: [1, 2] } },
      7,
    );
    expect([...upsampled.data]).toEqual([1, 1, 2, 2]);
    const summed = await run('ReduceSum', [x], { axes: ints([1]), keepdims: int(0) }, 11);
    expect([...summed.data]).toEqual([6, 15]);
  });

  test('Softmax before opset 13 takes all axes from its own on', async () => {
    const old = await run('Softmax', [float32([1, 2, 2], [0, 0, 0, 0])], {}, 12);
    expect([...old.data]).toEqual([0.25, 0.25, 0.25, 0.25]);
    const now = await run('Softmax', [float32([1, 2, 2], [0, 0, 0, 0])], {}, 13);
    expect([...now.data]).toEqual([0.5, 0.5, 0.5, 0.5]);
  });

  test('BatchNormalization with spatial 0 has parameters for every element', async () => {
    const parameters = [[1, 2], [0, 1], [1, 1], [4, 9]].map((values) => float32([2, 1], values)); // prettier-ignore
    const y = await run('BatchNormalization', [float32([1, 2, 1], [3, 4]), ...parameters], { spatial: int(0), epsilon: float(0) }, 7); // prettier-ignore
    expect([...y.data]).toEqual([1, 3]);
  });

  test('a Slice to the largest int64, through operators that move it', async () => {
    const graph = new Graph('slice');
    const data = graph.input('x', { dtype: 'float32', shape: [4] });
    const end = graph.constant('end', { dtype: 'int64', shape: [], data: BigInt64Array.of(2n ** 63n - 1n) });
    const axes = graph.constant('axes', int64([0]));
    const ends = graph.node('Unsqueeze', { inputs: [end, axes], output: { name: 'ends' } });
    const y = graph.node('Slice', {
      inputs: [data, graph.constant('starts', int64([1])), ends],
      output: { name: 'y' },
    });
    graph.outputs.push(y);
    expect([...(await evaluate(graph, { x: float32([4], [1, 2, 3, 4]) })).get(y)!.data]).toEqual([2, 3, 4]);
  });
});

describe('operators of onnxruntime', () => {
  const contrib = (opType: string, inputs: readonly Tensor[], attributes: Record<string, Attribute>) => {
    const values = new Graph('inputs');
    const node = new Node(opType, {
      domain: 'com.microsoft',
      inputs: inputs.map((tensor, i) => values.input(`x${String(i)}`, tensor)),
      outputs: [values.input('y', {})],
      attributes,
    });
    const reals = inputs.map(({ shape, data }) => ({ dtype: 'float32', shape, data: Float64Array.from(data as Float32Array) }) as const); // prettier-ignore
    return [...evaluateNode(node, reals, { opset: 17 })[0]!.data];
  };

  test('FusedConv adds its fourth input in front of the activation', () => {
    const [x, W] = [float32([1, 1, 2], [1, -3]), float32([1, 1, 1], [2])];
    const z = float32([1, 1, 2], [1, 1]);
    expect(contrib('FusedConv', [x, W, float32([1], [1]), z], { activation: string('Relu') })).toEqual([4, 0]);
    const leaky = { activation: string('LeakyRelu'), activation_params: { kind: 'floats', value: [0.5] } } as const;
    expect(contrib('FusedConv', [x, W], leaky)).toEqual([2, -3]);
    const clip = { activation: string('Clip'), activation_params: { kind: 'floats', value: [-1, 1] } } as const;
    expect(contrib('FusedConv', [x, W], clip)).toEqual([1, -1]);
  });

  test('FusedGemm and FusedMatMul transpose and scale', () => {
    const [a, b] = [float32([2, 1], [1, 2]), float32([2, 1], [3, -5])];
    expect(contrib('FusedGemm', [a, b], { transA: int(1), activation: string('Relu') })).toEqual([0]);
    expect(contrib('FusedMatMul', [a, b], { transA: int(1), alpha: float(0.5) })).toEqual([-3.5]);
  });
});

describe('the work that an evaluation takes', () => {
  test('counts the terms of every output', () => {
    const graph = new Graph('work');
    const x = graph.input('x', { dtype: 'float32', shape: ['N', 3, 8, 8] });
    const W = graph.constant('W', ones(5, 3, 3, 3));
    const y = graph.node('Conv', { inputs: [x, W], output: { name: 'y' } });
    graph.outputs.push(graph.node('Relu', { inputs: [y], output: { name: 'z' } }));
    const outputs = 5 * 6 * 6;
    expect(multiplyAdds(graph)).toBe(outputs * 27 + outputs);
    expect(multiplyAdds(graph, { x: [7, 3, 8, 8] })).toBe(7 * (outputs * 27 + outputs));
    expect(graph.inputs[0]!.shape).toEqual(['N', 3, 8, 8]);
  });
});
