import { EdgefoldError } from '../errors.ts';
import type { Attribute } from '../onnx/attribute.ts';
import { int, ints } from '../onnx/attribute.ts';
import { Node, Value, type Graph } from '../onnx/graph.ts';
import { float32, int64, type Dim, type DType, type Tensor } from '../tensor.ts';
import type { SourceLayer, SourceWeight } from './source-model.ts';
import { KERAS, layoutId, laidOut, physicalShape, type Handle, type Layout } from './layout.ts';

/**
 * Ways in which a tensor may lie besides its own, for readers that like them better. `time-major` is [T, N, F] for a
 * sequence [N, T, F], `images by time` [T, N, C, …] for one of images [N, T, …, C]; `steps` is [N·T, …] for what a layer made of each step of [N, T, …], and `outer` another tensor that begins with the same N and T.
 */
export type Form = 'keras' | 'channels-first' | 'time-major' | 'images by time' | 'steps' | 'outer';

/** What is shared by everything that writes into one graph. */
export interface Workshop {
  readonly graph: Graph;
  /** Constants made of a weight, by what was done to it: a layer called twice reads the same initializer. */
  readonly constants: Map<SourceWeight, Map<string, Value>>;
  /** The same tensor in the other layout, made at most once per value. */
  readonly forms: Map<Value, Map<Form, () => Handle>>;
  /** Tensors that Keras takes the mask off, once a certain layer has read them. */
  readonly unmasked: Set<Value>;
  readonly warnings: Set<string>;
  /** Lowers a layer that stands inside another's configuration: `activation: {class_name: 'LeakyReLU', …}`. */
  readonly lowerInner: (layer: SourceLayer, x: Handle, graph: GraphWriter) => Handle;
}

export interface NodeOutput {
  /** As it lies in memory. */
  readonly shape: readonly Dim[];
  /** Default float32. */
  readonly dtype?: DType | undefined;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Appended to the layer's name. */
  readonly suffix?: string;
}

/** Writes the nodes of one layer; names them after it. */
export class GraphWriter {
  readonly name: string;
  readonly workshop: Workshop;

  constructor(workshop: Workshop, name: string) {
    this.workshop = workshop;
    this.name = name;
  }

  get opset(): number {
    return this.workshop.graph.opset;
  }

  /** A writer for a part of this layer: its nodes are named `layer/part`. */
  part(name: string): GraphWriter {
    return new GraphWriter(this.workshop, this.#named(name));
  }

  node(opType: string, inputs: readonly (Value | undefined)[], output: NodeOutput): Value {
    const { shape, dtype = 'float32', attributes = {}, suffix } = output;
    return this.workshop.graph.node(opType, {
      inputs,
      attributes,
      output: { name: this.#named(suffix), dtype, shape },
    });
  }

  /** A node with several outputs, those left out `undefined`; the first that is there names it. */
  nodes(
    opType: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly (NodeOutput | undefined)[],
    attributes: Readonly<Record<string, Attribute>>,
  ): (Value | undefined)[] {
    const { graph } = this.workshop;
    const values = outputs.map((output) => {
      if (!output) return undefined;
      const { shape, dtype = 'float32', suffix } = output;
      return new Value(graph.uniqueName(this.#named(suffix)), { dtype, shape });
    });
    while (values.length > 0 && !values.at(-1)) values.pop();
    const name = values.find((value) => value)?.name ?? this.name;
    graph.nodes.push(new Node(opType, { name, inputs, outputs: values, attributes }));
    return values;
  }

  /** A node whose output has the shape, layout and dtype of `x`, its first input. */
  like(x: Handle, opType: string, options: LikeOptions = {}): Handle {
    const { operands = [], attributes = {}, suffix } = options;
    const shape = physicalShape(x.shape, x.layout);
    const { dtype } = x.value;
    const output = { shape, dtype, attributes, ...(suffix === undefined ? {} : { suffix }) };
    return { ...x, value: this.node(opType, [x.value, ...operands], output) };
  }

  constant(suffix: string, tensor: Tensor): Value {
    return this.workshop.graph.constant(this.#named(suffix), tensor);
  }

  scalar(suffix: string, value: number): Value {
    return this.constant(suffix, float32([], [value]));
  }

  /** Shapes, axes, pads. @throws {EdgefoldError} CORRUPT where the file has led to something else. */
  integers(suffix: string, values: readonly number[]): Value {
    if (!values.every(Number.isInteger)) {
      throw new EdgefoldError('CORRUPT', `${this.name} would have ${suffix} that are no whole numbers`, {
        received: values.slice(0, 8).join(', '),
      });
    }
    return this.constant(suffix, int64(values));
  }

  /**
   * The constant made of a weight.
   * @param form names what `change` does; one constant is made per weight and form.
   */
  parameter(
    weight: SourceWeight,
    form = 'as saved',
    change: (tensor: Tensor<'float32'>) => Tensor<'float32'> = (tensor) => tensor,
  ): Value {
    const { constants } = this.workshop;
    const made = constants.get(weight) ?? new Map<string, Value>();
    constants.set(weight, made);
    const value = made.get(form) ?? this.constant(weight.name, change(weight.tensor()));
    made.set(form, value);
    return value;
  }

  /** A parameter that broadcasts against the Keras tensor when seen as `shape`, laid out as `layout` is. */
  broadcastParameter(weight: SourceWeight, shape: readonly number[], layout: Layout): Value {
    const form = `${layoutId(layout)}, [${shape.join(', ')}]`;
    return this.parameter(weight, form, (tensor) => laidOut({ ...tensor, shape }, layout));
  }

  /** Axes as ONNX wants them: an attribute before opset `inputSince`, an input from then on. */
  axes(axes: readonly number[], inputSince: number): { inputs: Value[]; attributes: Record<string, Attribute> } {
    if (this.opset < inputSince) return { inputs: [], attributes: { axes: ints(axes) } };
    return { inputs: [this.integers('axes', axes)], attributes: {} };
  }

  /** `x` as float32. Keras casts integer inputs of these layers the same way. */
  float(x: Handle): Handle {
    return x.value.dtype === 'float32' ? x : this.cast(x, 'float32');
  }

  cast(x: Handle, dtype: 'float32' | 'int32'): Handle {
    const shape = physicalShape(x.shape, x.layout);
    const attributes = { to: int(dtype === 'float32' ? 1 : 6) };
    return { ...x, value: this.node('Cast', [x.value], { shape, dtype, attributes, suffix: dtype }) };
  }

  /** A name for a size that is known only when the model runs. */
  symbol(axis: number): string {
    return `${this.name}_dim${axis}`;
  }

  /** Shown to the user once, whatever the number of layers that say it. */
  warn(text: string): void {
    this.workshop.warnings.add(text);
  }

  /** A handle on a value that lies as Keras has it. */
  handle(value: Value, shape: readonly Dim[], layout: Layout = KERAS): Handle {
    return { value, shape, layout };
  }

  #named(suffix: string | undefined): string {
    return suffix === undefined ? this.name : `${this.name}/${suffix}`;
  }
}

export interface LikeOptions {
  /** Inputs behind the first; they must broadcast to it. */
  readonly operands?: readonly Value[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly suffix?: string;
}
