import { float, int, ints, string, type Attribute } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import type { Dim, DType } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import { constantHandle } from '../operations/constant-handle.ts';
import type { CustomArray, CustomAttribute, CustomGraph, CustomOutput, CustomTensor } from './custom-layer.ts';

/** What a custom layer holds in its hands: the shape that Keras sees, and where it lies, which is Keras's own way. */
class WrittenTensor implements CustomTensor {
  readonly handle: Handle;

  constructor(handle: Handle) {
    this.handle = handle;
  }

  get shape(): readonly Dim[] {
    return this.handle.shape;
  }

  get dtype(): DType {
    return this.handle.value.dtype ?? 'float32';
  }
}

/** The graph as a custom layer writes it. Whatever comes from its code is checked here. */
export class WrittenGraph implements CustomGraph {
  readonly #graph: GraphWriter;
  readonly #layer: Layer;
  #count = 0;

  constructor(layer: Layer, graph: GraphWriter) {
    this.#layer = layer;
    this.#graph = graph;
  }

  get opset(): number {
    return this.#graph.opset;
  }

  node(opType: string, inputs: readonly (CustomTensor | undefined)[], output: CustomOutput = {}): CustomTensor {
    if (typeof opType !== 'string' || !/^\w+$/.test(opType)) return this.#wrong('node() takes the name of an operator');
    if (!Array.isArray(inputs)) return this.#wrong('node() takes a list of inputs');
    const handles = inputs.map((input) => (input === undefined ? undefined : this.handleOf(input)));
    const first = handles.find((handle) => handle !== undefined);
    const shape = output.shape ?? first?.shape ?? this.#wrong(`${opType} has neither inputs nor a shape`);
    const dtype = output.dtype ?? first?.value.dtype ?? 'float32';
    const attributes = Object.fromEntries(
      Object.entries(output.attributes ?? {}).map(([name, given]) => [name, this.#attribute(name, given)]),
    );
    const values: (Value | undefined)[] = handles.map((handle) => handle?.value);
    const suffix = `${opType.toLowerCase()}_${this.#count++}`;
    return new WrittenTensor(this.#graph.handle(this.#graph.node(opType, values, { shape, dtype, attributes, suffix }), shape)); // prettier-ignore
  }

  constant(value: number | CustomArray): CustomTensor {
    const { shape, data, dtype }: CustomArray = typeof value === 'number' ? { shape: [], data: [value] } : value;
    const size = shape.reduce((product, dim) => product * dim, 1);
    if (data.length !== size) return this.#wrong(`${data.length} numbers do not fill the shape [${shape.join(', ')}]`);
    const array = { shape, data: Array.from(data), dtype: dtype ?? 'float32' } as const;
    return new WrittenTensor(constantHandle(array, this.#graph, `constant_${this.#count++}`));
  }

  integers(values: readonly number[]): CustomTensor {
    return this.constant({ shape: [values.length], data: values, dtype: 'int64' });
  }

  weight(name: string | number): CustomTensor {
    const { weights } = this.#layer.source;
    const weight = typeof name === 'number' ? weights[name] : weights.find((each) => each.name === name);
    const found = weights.map((each) => each.name).join(', ') || 'none';
    if (!weight) return this.#wrong(`it asks for a weight ${name}, and the file has ${found}`);
    return new WrittenTensor(this.#graph.handle(this.#graph.parameter(weight), weight.shape));
  }

  unsupported(reason: string): never {
    return this.#layer.unsupported(reason);
  }

  wrap(handle: Handle): CustomTensor {
    return new WrittenTensor(handle);
  }

  handleOf(tensor: unknown): Handle {
    if (tensor instanceof WrittenTensor) return tensor.handle;
    return this.#wrong('it uses something that is no tensor of this graph');
  }

  #attribute(name: string, given: CustomAttribute): Attribute {
    if (typeof given.int === 'number') return int(given.int);
    if (given.ints !== undefined) return ints([...given.ints]);
    if (typeof given.float === 'number') return float(given.float);
    if (given.floats !== undefined) return { kind: 'floats', value: given.floats.map((number) => Math.fround(number)) };
    if (typeof given.string === 'string') return string(given.string);
    return this.#wrong(`its attribute ${name} is none of int, ints, float, floats and string`);
  }

  #wrong(problem: string): never {
    return this.#layer.unsupported(`its custom layer is not well formed: ${problem}`, 'See CustomLayer in the documentation.');
  }
} // prettier-ignore
