import { expect, test } from 'vitest';
import { ints } from '../../src/onnx/attribute.ts';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { checkGraph } from '../../src/onnx/check.ts';
import { Graph, type Value } from '../../src/onnx/graph.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { Fixture } from './fixture.ts';

/**
 * Growth that goes with the square of the nodes would be ten times as much a node. Processor time, which others on
 * the machine hardly change, still varies by a factor of two, and collecting garbage costs more in a larger heap.
 */
const MOST_GROWTH = 4;
const [FEW, MANY] = [400, 4000];

const conv = (f: Fixture, x: Value) => f.node('Conv', [x, f.integers([3, 3, 1, 1])]);
const norm = (f: Fixture, x: Value) => f.batchNormalization(x, 3);

function chain(nodes: number, perStep: number, step: (f: Fixture, x: Value) => Value): Uint8Array {
  const f = new Fixture();
  let x = f.input([1, 3, 4, 4]);
  for (let n = 0; n < nodes; n += perStep) x = step(f, x);
  return writeOnnx(f.done(x));
}

/** Files of about so many nodes. */
const FILES: Readonly<Record<string, (nodes: number) => Uint8Array>> = {
  'BatchNormalizations that fold': (nodes) => chain(nodes, 2, (f, x) => norm(f, conv(f, x))),
  'BatchNormalizations that stay': (nodes) => chain(nodes, 2, (f, x) => norm(f, f.node('Tanh', [x]))),
  'some of either': (nodes) =>
    chain(nodes, 5, (f, x) => {
      const y = f.node('Conv', [x, f.integers([3, 3, 3, 3])], { pads: ints([1, 1, 1, 1]) });
      return f.node('Identity', [norm(f, f.node('Tanh', [norm(f, y)]))]);
    }),
  'BatchNormalizations in a row': (nodes) => chain(nodes, 1, norm),
  'BatchNormalizations in a row, and weights behind the last': (nodes) => {
    const f = new Fixture();
    let x = f.input([1, 3, 4, 4]);
    for (let n = 1; n < nodes; n++) x = f.batchNormalization(x, 3, { gamma: [2, 2, -2] });
    return writeOnnx(f.done(conv(f, x)));
  },
  'Transposes and activations in turn': (nodes) =>
    chain(nodes, 2, (f, x) => f.node('Relu', [f.node('Transpose', [x], { perm: ints([0, 1, 3, 2]) })])),
  'one value that all normalise': (nodes) => {
    const f = new Fixture();
    const x = f.node('Relu', [f.input([1, 3, 4, 4])]);
    return writeOnnx(f.done(...Array.from({ length: nodes }, () => norm(f, x))));
  },
  'one value that many normalise and as many ask for its shape': (nodes) => {
    const f = new Fixture();
    const x = f.node('Relu', [f.input([1, 3, 4, 4])]);
    const shapes = Array.from({ length: nodes / 2 }, () => f.node('Shape', [x]));
    return writeOnnx(f.done(...shapes, ...Array.from({ length: nodes / 2 }, () => norm(f, x))));
  },
  'outputs at every layer': (nodes) => {
    const f = new Fixture();
    let x = f.input([1, 3, 4, 4]);
    const outputs = Array.from({ length: nodes / 2 }, () => (x = norm(f, conv(f, x))));
    return writeOnnx(f.done(...outputs));
  },
  'one value that all read': (nodes) => {
    const f = new Fixture();
    const x = norm(f, f.node('Tanh', [f.input([1, 3, 4, 4])]));
    return writeOnnx(f.done(...Array.from({ length: nodes }, () => conv(f, x))));
  },
  'bodies of If': (nodes) => {
    const f = new Fixture();
    let x = f.input([1, 3, 4, 4]);
    const W = f.integers([3, 3, 1, 1]);
    const flag = f.input([], 'flag', 'bool');
    const branch = (name: string) => {
      const body = new Graph(name, f.graph.model, f.graph);
      const y = body.node('Conv', { inputs: [x, W], output: { name: `${name}_conv` } });
      const two = f.graph.constant('two', { dtype: 'float32', shape: [], data: Float32Array.of(2) });
      const output = { name: `${name}_mul`, dtype: 'float32', shape: [1, 3, 4, 4] } as const;
      body.outputs.push(body.node('Mul', { inputs: [y, two], output }));
      return { kind: 'graph', value: body } as const;
    };
    for (let n = 0; n < nodes; n += 5) {
      x = f.node('If', [flag], { then_branch: branch(`then${n}`), else_branch: branch(`else${n}`) });
    }
    return writeOnnx(f.done(x));
  },
};

/**
 * Microseconds of processor time for each node, reading, checking and writing included: the best of a few runs. Small
 * files are taken so often that as many nodes come together, since short times are counted in clock ticks.
 */
function cost(file: Uint8Array, nodes: number, runs: number): number {
  const times = Array.from({ length: runs }, () => {
    const start = process.cpuUsage();
    for (let done = 0; done < MANY; done += nodes) {
      const { graph } = foldGraph(readOnnx(file));
      checkGraph(graph);
      writeOnnx(graph);
    }
    return process.cpuUsage(start).user / MANY;
  });
  return Math.min(...times);
}

for (const [what, file] of Object.entries(FILES)) {
  test(`time grows with the nodes and no faster: ${what}`, () => {
    const [few, many] = [cost(file(FEW), FEW, 2), cost(file(MANY), MANY, 2)];
    expect(many / few).toBeLessThan(MOST_GROWTH);
  }, 120_000);
}
