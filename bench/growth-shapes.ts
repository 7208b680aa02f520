import { int, ints } from '../src/onnx/attribute.ts';
import { Graph, Node, Value } from '../src/onnx/graph.ts';
import { newModelInfo } from '../src/onnx/model-info.ts';
import { float32 } from '../src/tensor.ts';

/** Graphs of about `size` nodes, in the shapes in which networks, and files made to be slow, grow. */
export type Shape = (size: number) => Graph;

const C = 3;
const X = [1, C, 4, 4];

/** One graph while it is being drawn. */
class Drawing {
  readonly graph: Graph;
  #seed = 1;

  constructor(graph = new Graph('shape', { ...newModelInfo(), irVersion: 8, opsets: new Map([['', 17]]) })) {
    this.graph = graph;
  }

  input(): Value {
    return this.graph.input('x', { dtype: 'float32', shape: X });
  }

  node(opType: string, inputs: readonly Value[], attributes = {}): Value {
    return this.graph.node(opType, { inputs, attributes, output: { name: opType.toLowerCase(), dtype: 'float32' } });
  }

  vector(shape: readonly number[], low = -1): Value {
    const length = shape.reduce((product, size) => product * size, 1);
    const next = () => (this.#seed = (this.#seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    return this.graph.constant(
      'c',
      float32(
        shape,
        Float32Array.from({ length }, () => low + 2 * next()),
      ),
    );
  }

  norm(x: Value, channels = C): Value {
    const parameters = [0.5, -1, -1, 0.5].map((low) => this.vector([channels], low));
    return this.node('BatchNormalization', [x, ...parameters]);
  }

  conv(x: Value, from = C, to = C, size = 1): Value {
    return this.node('Conv', [x, this.vector([to, from, size, size])], {
      pads: ints(new Array(4).fill((size - 1) / 2)),
    });
  }

  done(...outputs: readonly Value[]): Graph {
    for (const output of outputs) this.graph.outputs.push(output);
    return this.graph;
  }
}

/** `step` again and again, each time on what the last one made. */
function row(perStep: number, step: (d: Drawing, x: Value, index: number) => Value): Shape {
  return (size) => {
    const d = new Drawing();
    let x: Value = d.input();
    for (let index = 0; index * perStep < size; index++) x = step(d, x, index);
    return d.done(x);
  };
}

/** A tree of nodes in two, down to so many leaves, which one node joins. */
function tree(part: (d: Drawing, x: Value) => readonly Value[]): Shape {
  return (size) => {
    const d = new Drawing();
    let level: Value[] = [d.input()];
    while (d.graph.nodes.length < size - 1) level = [...level.slice(1), ...part(d, level[0]!)];
    return d.done(d.norm(d.node('Concat', level, { axis: int(1) }), C));
  };
}

const uniform = (d: Drawing) => d.vector([], 0.5);
const perChannel = (d: Drawing) => d.vector([C, 1, 1], 0.5);

export const SHAPES: Readonly<Record<string, Shape>> = {
  'Conv, BN, Relu': row(3, (d, x) => d.node('Relu', [d.norm(d.conv(x))])),
  'BN in a row': row(1, (d, x) => d.norm(x)),
  'Tanh, BN in a row': (size) => {
    const d = new Drawing();
    let x = d.node('Tanh', [d.input()]);
    for (let n = 1; n < size; n++) x = d.norm(x);
    return d.done(d.node('Tanh', [x]));
  },
  'Conv, BN in a row': (size) => {
    const d = new Drawing();
    let x = d.conv(d.input());
    for (let n = 1; n < size; n++) x = d.norm(x);
    return d.done(x);
  },
  'BN in a row, Conv': (size) => {
    const d = new Drawing();
    let x = d.input();
    for (let n = 1; n < size; n++) x = d.norm(x);
    return d.done(d.conv(x));
  },
  'Mul, Add, BN': row(3, (d, x) => d.norm(d.node('Add', [d.node('Mul', [x, perChannel(d)]), perChannel(d)]))),
  'Mul in a row': row(1, (d, x) => d.node('Mul', [x, perChannel(d)])),
  'Mul, Add of one number': row(2, (d, x) => d.node('Add', [d.node('Mul', [x, uniform(d)]), uniform(d)])),
  'Add in a row': row(1, (d, x) => d.node('Add', [x, perChannel(d)])),
  'Mul, Tanh': row(2, (d, x) => d.node('Tanh', [d.node('Mul', [x, perChannel(d)])])),
  'BN, Relu': row(2, (d, x) => d.node('Relu', [d.norm(x)])),
  'BN, Tanh': row(2, (d, x) => d.node('Tanh', [d.norm(x)])),
  'BN, Transpose': row(2, (d, x) => d.node('Transpose', [d.norm(x)], { perm: ints([0, 1, 3, 2]) })),
  'Transpose, Relu': row(2, (d, x) => d.node('Relu', [d.node('Transpose', [x], { perm: ints([0, 1, 3, 2]) })])),
  'Relu in a row': row(1, (d, x) => d.node('Relu', [x])),
  'Identity in a row': row(1, (d, x) => d.node('Identity', [x])),
  'Pad in a row': row(1, (d, x) =>
    d.node('Pad', [
      x,
      d.graph.constant('p', { dtype: 'int64', shape: [8], data: BigInt64Array.from([0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n]) }),
    ]),
  ),
  'x + BN(x)': row(2, (d, x) => d.node('Add', [x, d.norm(x)])),
  'x + BN(Conv(x))': row(3, (d, x) => d.node('Add', [x, d.norm(d.conv(x))])),
  'x + Conv(Relu(BN(x)))': row(4, (d, x) => d.node('Add', [x, d.conv(d.node('Relu', [d.norm(x)]))])),
  'Relu(x + BN(Conv(x)))': row(4, (d, x) => d.node('Relu', [d.node('Add', [x, d.norm(d.conv(x))])])),
  'BN(x + x)': row(2, (d, x) => d.norm(d.node('Add', [x, x]))),
  'DenseNet blocks of 16': (size) => {
    const d = new Drawing();
    let x = d.input();
    for (let n = 0; n < size; n += 66) {
      let channels = C;
      for (let layer = 0; layer < 16; layer++) {
        const y = d.conv(d.node('Relu', [d.norm(x, channels)]), channels, 1);
        x = d.node('Concat', [x, y], { axis: int(1) });
        channels++;
      }
      x = d.conv(d.norm(x, channels), channels, C);
    }
    return d.done(x);
  },
  'Split tree': tree((d, x) => {
    const [a, b] = ['a', 'b'].map((name) => new Value(d.graph.uniqueName(name), { dtype: 'float32', shape: X }));
    d.graph.nodes.push(
      new Node('Split', {
        name: d.graph.uniqueName('split'),
        inputs: [x],
        outputs: [a, b],
        attributes: { axis: int(2) },
      }),
    );
    return [a!, b!];
  }),
  'Slices in a row': row(2, (d, x) => {
    const list = (...values: number[]) =>
      d.graph.constant('s', { dtype: 'int64', shape: [1], data: BigInt64Array.from(values.map(BigInt)) });
    return d.norm(d.node('Slice', [x, list(0), list(4), list(2)]));
  }),
  'one value, all BN': (size) => {
    const d = new Drawing();
    const x = d.node('Relu', [d.input()]);
    const all = Array.from({ length: size }, () => d.norm(x));
    return d.done(d.node('Sum', all));
  },
  'one value, all BN, outputs': (size) => {
    const d = new Drawing();
    const x = d.conv(d.input());
    return d.done(...Array.from({ length: size }, () => d.norm(x)));
  },
  'one value, all Conv': (size) => {
    const d = new Drawing();
    const x = d.norm(d.node('Tanh', [d.input()]));
    return d.done(
      d.node(
        'Sum',
        Array.from({ length: size }, () => d.conv(x)),
      ),
    );
  },
  'one value, all Conv, BN': (size) => {
    const d = new Drawing();
    const x = d.node('Tanh', [d.input()]);
    return d.done(
      d.node(
        'Sum',
        Array.from({ length: size / 2 }, () => d.norm(d.conv(x))),
      ),
    );
  },
  'one value, all Shape and BN': (size) => {
    const d = new Drawing();
    const x = d.node('Relu', [d.input()]);
    const shapes = Array.from({ length: size / 2 }, () => d.node('Shape', [x]));
    return d.done(
      ...shapes,
      d.node(
        'Sum',
        Array.from({ length: size / 2 }, () => d.norm(x)),
      ),
    );
  },
  'one weight': (size) => {
    const d = new Drawing();
    const W = d.vector([C, C, 1, 1]);
    let x = d.input();
    for (let n = 0; n < size; n += 2) x = d.norm(d.node('Conv', [x, W]));
    return d.done(x);
  },
  'one set of statistics': (size) => {
    const d = new Drawing();
    const parameters = [0.5, -1, -1, 0.5].map((low) => d.vector([C], low));
    let x = d.input();
    for (let n = 0; n < size; n += 2) x = d.node('BatchNormalization', [d.conv(x), ...parameters]);
    return d.done(x);
  },
  'one weight and statistics in Tanh': (size) => {
    const d = new Drawing();
    const parameters = [0.5, -1, -1, 0.5].map((low) => d.vector([C], low));
    const W = d.vector([C, C, 1, 1]);
    let x = d.input();
    for (let n = 0; n < size; n += 3)
      x = d.node('Tanh', [d.node('BatchNormalization', [d.node('Conv', [x, W]), ...parameters])]);
    return d.done(x);
  },
  'outputs at every layer': (size) => {
    const d = new Drawing();
    let x = d.input();
    return d.done(...Array.from({ length: size / 2 }, () => (x = d.norm(d.conv(x)))));
  },
  'Identity outputs': (size) => {
    const d = new Drawing();
    let x = d.input();
    return d.done(...Array.from({ length: size / 3 }, () => (x = d.node('Identity', [d.norm(d.conv(x))]))));
  },
  'dead rows': (size) => {
    const d = new Drawing();
    const x = d.input();
    let y = x;
    for (let n = 0; n < size; n++) y = d.norm(y);
    return d.done(d.node('Relu', [x]));
  },
  'equal nodes': (size) => {
    const d = new Drawing();
    const x = d.input();
    const pairs = Array.from({ length: size }, () => d.node('Relu', [x]));
    return d.done(d.node('Sum', pairs));
  },
  'equal rows': (size) => {
    const d = new Drawing();
    const x = d.input();
    const row = () => {
      let value = x;
      for (let n = 0; n < size; n += 2) value = d.node(n % 4 ? 'Relu' : 'Tanh', [value]);
      return value;
    };
    return d.done(d.node('Add', [row(), row()]));
  },
  'constant row': (size) => {
    const d = new Drawing();
    let c = d.vector([C, 1, 1]);
    for (let n = 0; n < size; n++) c = d.node('Add', [c, d.vector([C, 1, 1])]);
    return d.done(d.node('Mul', [d.input(), c]));
  },
  'Concat ladder (inputs only)': row(2, (d, x) => d.node('Add', [d.node('Tanh', [x]), d.node('Sigmoid', [x])])),
  'If in a row': (size) => {
    const d = new Drawing();
    let x = d.input();
    const flag = d.graph.input('flag', { dtype: 'bool', shape: [] });
    for (let n = 0; n < size; n += 5) {
      const branch = () => {
        const body = new Drawing(new Graph(d.graph.uniqueName('body'), d.graph.model, d.graph));
        const y = body.norm(body.conv(x));
        y.shape = X;
        return { kind: 'graph', value: body.done(y) } as const;
      };
      x = d.node('If', [flag], { then_branch: branch(), else_branch: branch() });
    }
    return d.done(x);
  },
  'If bodies of BN reading outer': (size) => {
    const d = new Drawing();
    const x = d.node('Relu', [d.input()]);
    const flag = d.graph.input('flag', { dtype: 'bool', shape: [] });
    const all: Value[] = [];
    for (let n = 0; n < size; n += 3) {
      const branch = () => {
        const body = new Drawing(new Graph(d.graph.uniqueName('body'), d.graph.model, d.graph));
        const y = body.norm(x);
        y.shape = X;
        return { kind: 'graph', value: body.done(y) } as const;
      };
      all.push(d.node('If', [flag], { then_branch: branch(), else_branch: branch() }));
    }
    return d.done(d.node('Sum', all));
  },
};
