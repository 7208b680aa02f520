import { expect } from 'vitest';
import { EdgefoldError } from '../../../src/errors.ts';
import type { Attribute } from '../../../src/onnx/attribute.ts';
import { evaluate, operatorsWithoutKernel } from '../../../src/onnx/evaluate/evaluate.ts';
import type { Graph, Node } from '../../../src/onnx/graph.ts';
import { readOnnx } from '../../../src/onnx/read.ts';
import { sizeOf, type Tensor } from '../../../src/tensor.ts';
import { noise } from '../../support/runnable-models.ts';
import { readShared, testShared } from '../../support/shared.ts';
import { untar } from '../support.ts';
import { casesOf, tensorOf } from './conformance.ts';

const ARCHIVE = 'conformance/onnx-backend-tests.tar.gz';
const ODD_NUMBERS = [-3, -1, 0, 1, 2, 3, 7, 100, 2 ** 31, 2 ** 40, -(2 ** 40)];
const ODD_WORDS = ['', 'SAME_UPPER', 'nonsense', 'constructor', '__proto__'];

type Feeds = Record<string, Tensor>;

/** Seeded damage to the attributes, links and inputs of a model. */
class Damage {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = noise(seed);
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(((this.#random() + 1) / 2) * list.length)]!;
  }

  do(graph: Graph, feeds: Feeds): void {
    const node = this.pick(graph.nodes);
    const names = [...node.attributes.keys()];
    this.pick([
      () => node.attributes.delete(this.pick([...names, ''])),
      () => { if (names.length > 0) this.#attribute(node, this.pick(names)); },
      () => { if (node.inputs.length > 0) node.setInput(this.pick([...node.inputs.keys()]), undefined); },
      () => { this.#input(feeds); },
      () => { this.#input(feeds); },
    ])(); // prettier-ignore
  }

  #attribute(node: Node, name: string): void {
    const { kind, value } = node.attributes.get(name)!;
    if (kind === 'int') node.attributes.set(name, { kind, value: this.pick(ODD_NUMBERS) });
    if (kind === 'string') node.attributes.set(name, { kind, value: this.pick(ODD_WORDS) });
    if (kind === 'ints') node.attributes.set(name, this.#integers(value));
  }

  #integers(value: readonly (number | bigint)[]): Attribute {
    const odd = value.map((each) => this.pick([Number(each), this.pick(ODD_NUMBERS)]));
    return { kind: 'ints', value: this.pick([odd, odd.slice(1), [...odd, 1]]) };
  }

  #input(feeds: Feeds): void {
    const name = this.pick(Object.keys(feeds));
    const tensor = feeds[name];
    if (!tensor) return;
    const { dtype, shape, data } = tensor;
    const forms = [
      { shape: [...shape, 1], data },
      { shape: [data.length], data },
      { shape: [0], data: data.slice(0, 0) },
      { shape, data: this.#numbers(data) },
    ];
    feeds[name] = { dtype, ...this.pick(forms) };
  }

  #numbers(data: Tensor['data']): Tensor['data'] {
    const odd = () => this.pick(ODD_NUMBERS);
    if (data instanceof BigInt64Array) return data.map((x) => this.pick([x, BigInt(odd())]));
    return data instanceof Int32Array || data instanceof Float32Array ? data.map((x) => this.pick([x, odd()])) : data;
  }
}

testShared(
  ARCHIVE,
  'a damaged model is evaluated or refused with a typed error, and never breaks off or runs on',
  async () => {
    const damage = new Damage(3);
    let [refused, evaluated] = [0, 0];
    for (const { name, model, sets } of casesOf(untar(readShared(ARCHIVE)))) {
      const graph = readOnnx(model);
      const isOpen = graph.inputs.some(({ dtype }) => dtype === undefined) || operatorsWithoutKernel(graph).length > 0;
      if (isOpen || name.endsWith('_expanded') || !sets[0]) continue;
      const feeds = Object.fromEntries(sets[0].inputs.map((bytes, i) => [graph.inputs[i]!.name, tensorOf(bytes)]));
      for (const input of graph.inputs) Object.assign(input, { dtype: undefined, shape: undefined });
      damage.do(graph, feeds);
      try {
        const results = await evaluate(graph, feeds, { maxBodyNodes: 10_000 });
        for (const { shape, data } of results.values()) expect(data.length, name).toBe(sizeOf(shape));
        evaluated++;
      } catch (fault) {
        if (!(fault instanceof EdgefoldError)) throw new Error(`${name}: ${String(fault)}`, { cause: fault });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(300);
    expect(evaluated).toBeGreaterThan(300);
  },
  60_000,
);
