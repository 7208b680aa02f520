import { exportModel, type ExportedModel, type ExportOptions } from '../../../src/export/export-model.ts';
import { inMemoryFiles } from '../../../src/export/read/read-source.ts';
import { loadTfjs } from '../../../src/parity/original/tfjs.ts';
import type { Tensor } from '../../../src/tensor.ts';

/** An attribute as GraphDef's JSON has it. */
export type Attributes = Readonly<Record<string, object>>;

export const attr = {
  b: (b: boolean) => ({ b }),
  i: (i: number) => ({ i: String(i) }),
  f: (f: number) => ({ f }),
  s: (text: string) => ({ s: btoa(text) }),
  type: (type: string) => ({ type }),
  ints: (...values: number[]) => ({ list: { i: values.map(String) } }),
  strings: (...values: string[]) => ({ list: { s: values.map(btoa) } }),
};

interface Node {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: object;
}

type DType = 'float32' | 'int32' | 'bool';
const TYPES = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL' };
const BYTES = { float32: 4, int32: 4, bool: 1 };

/** A graph model in memory: nodes as the TF.js converter writes them, and their weights. */
export class GraphBuilder {
  readonly nodes: Node[] = [];
  readonly outputs: string[] = [];
  readonly #inputs: string[] = [];
  readonly #weights: { name: string; shape: readonly number[]; dtype: DType; data: readonly number[] }[] = [];

  placeholder(name: string, shape: readonly number[], dtype: DType = 'float32'): string {
    const dim = shape.map((size) => ({ size: String(size) }));
    this.nodes.push({ name, op: 'Placeholder', input: [], attr: { shape: { shape: { dim } }, dtype: attr.type(TYPES[dtype]) } });
    this.#inputs.push(name);
    return name;
  } // prettier-ignore

  constant(shape: readonly number[], data: readonly number[], dtype: DType = 'float32', name?: string): string {
    const unique = name ?? `const_${this.#weights.length}`;
    this.nodes.push({ name: unique, op: 'Const', input: [], attr: { dtype: attr.type(TYPES[dtype]) } });
    this.#weights.push({ name: unique, shape, dtype, data });
    return unique;
  }

  /** A vector of integers; one number is a scalar. */
  integers(values: readonly number[] | number): string {
    return typeof values === 'number' ? this.constant([], [values], 'int32') : this.constant([values.length], values, 'int32');
  } // prettier-ignore

  node(op: string, input: readonly string[], attributes: Attributes = {}, name?: string): string {
    const unique = name ?? `${op}_${this.nodes.length}`;
    this.nodes.push({ name: unique, op, input, attr: attributes });
    return unique;
  }

  json(): object {
    const weights = this.#weights.map(({ name, shape, dtype }) => ({ name, shape, dtype }));
    return {
      format: 'graph-model',
      modelTopology: { node: this.nodes, library: {}, versions: { producer: 1 } },
      weightsManifest: [{ paths: ['group1-shard1of1.bin'], weights }],
      signature: { inputs: this.#entries(this.#inputs), outputs: this.#entries(this.outputs) },
    };
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const parts = this.#weights.map(({ dtype, data }) => {
      const typed = dtype === 'float32' ? Float32Array.from(data) : dtype === 'int32' ? Int32Array.from(data) : Uint8Array.from(data);
      return new Uint8Array(typed.buffer);
    });
    const bytes = new Uint8Array(this.#weights.reduce((sum, { dtype, data }) => sum + BYTES[dtype] * data.length, 0));
    parts.reduce((at, part) => {
      bytes.set(part, at);
      return at + part.length;
    }, 0);
    return bytes;
  } // prettier-ignore

  export(options: ExportOptions = {}): Promise<ExportedModel> {
    const json = new TextEncoder().encode(JSON.stringify(this.json()));
    const files = inMemoryFiles('model.json', json, new Map([['group1-shard1of1.bin', this.bytes()]]));
    return exportModel(files, options);
  }

  /** What TF.js computes, by the name of the output. */
  async original(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const endpoints = (names: readonly string[]) => names.map((name) => ({ name, tensor: name }));
    const model = await loadTfjs({
      kind: 'graph',
      topology: structuredClone((this.json() as { modelTopology: object }).modelTopology),
      weightSpecs: this.#weights.map(({ name, shape, dtype }) => ({ name, shape: [...shape], dtype })),
      weightData: this.bytes().buffer,
      inputs: endpoints(this.#inputs),
      outputs: endpoints(this.outputs),
    });
    const results = await model.run(inputs);
    model.dispose();
    return results;
  }

  #entries(names: readonly string[]): object {
    return Object.fromEntries(names.map((name) => [name, { name: name.includes(':') ? name : `${name}:0` }]));
  }
}

/** Numbers from −1 to 1 with no pattern that an error could hide in, the same every time. */
export function seeded(count: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
