import { EdgefoldError } from '../../errors.ts';
import type { Value } from '../../onnx/graph.ts';
import { int64, type Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { Layer, type Origin } from '../layer.ts';
import { physicalAxis, type Handle } from '../layout.ts';
import { asKeras } from '../reorder.ts';
import type { JsonValue, SourceLayer } from '../source-model.ts';
import { attributeValue } from './attributes.ts';
import type { Constant, Element, Operand } from './operand.ts';

/** One node of a TensorFlow graph as its lowering sees it: checked access to its attributes and inputs. */
export class Operator extends Layer {
  readonly inputs: readonly Operand[];

  constructor(source: SourceLayer, origin: Origin, inputs: readonly Operand[]) {
    super(source, origin);
    this.inputs = inputs;
  }

  override value(key: string): JsonValue | undefined {
    const attribute = Object.hasOwn(this.source.config, key) ? this.source.config[key]! : undefined;
    return attribute === undefined ? undefined : attributeValue(attribute);
  }

  text(key: string, otherwise: string): string {
    const value = this.value(key) ?? otherwise;
    return typeof value === 'string' ? value : this.malformed(key, 'text');
  }

  /** Names of operators or the like; none if the attribute is absent. */
  texts(key: string): string[] {
    const value = this.value(key) ?? [];
    if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
    return this.malformed(key, 'a list of texts');
  }

  /** The type that an attribute names, as TF.js has it. */
  element(key: string, otherwise: Element): Element {
    const value = this.value(key);
    if (value === undefined) return otherwise;
    const element =
      typeof value === 'string' ? ELEMENTS.get(value.replace(/_REF$/, '')) : ELEMENTS.get(value as number);
    return element ?? this.unsupported(`it computes with ${JSON.stringify(value)}, which TF.js has not`);
  }

  input(index: number): Operand {
    return this.inputs[index] ?? this.broken(`input ${index} is missing`);
  }

  handle(index: number): Handle {
    return this.input(index).handle();
  }

  /** An input as TensorFlow has it. */
  keras(index: number, graph: GraphWriter): Handle {
    return asKeras(graph, this.handle(index));
  }

  /** A weight: an input that is known when the model is exported. */
  constant(index: number): Constant {
    return this.input(index).constant ?? this.unsupported(`its input ${index} is no constant but computed at run time`);
  }

  /** The elements of an input that is known. */
  numbers(index: number): number[] {
    const { contents } = this.input(index);
    if (contents?.every((entry) => typeof entry === 'number')) return [...contents];
    return this.constant(index).numbers();
  }

  /** One element. */
  scalar(index: number): number {
    const [value, ...more] = this.numbers(index);
    if (value === undefined || more.length > 0) return this.broken(`input ${index} is no single value`);
    return value;
  }

  /** Axes of a tensor of this rank that an input names, counted from 0, sorted. */
  axesAt(index: number, rank: number): number[] {
    const axes = this.numbers(index).map((axis) => (axis < 0 ? axis + rank : axis));
    const valid = axes.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < rank);
    if (!valid || new Set(axes).size < axes.length) this.broken(`input ${index} names no axes of rank ${rank}`);
    return axes.sort((a, b) => a - b);
  }

  axisAt(index: number, rank: number): number {
    const [axis, ...more] = this.axesAt(index, rank);
    return axis === undefined || more.length > 0 ? this.broken(`input ${index} is no single axis`) : axis;
  }

  /** An integer input as ONNX wants shapes: int64, rank 1. */
  int64(index: number, graph: GraphWriter): Value {
    const { contents, shape } = this.input(index);
    const suffix = `input_${index}`;
    if (contents?.every((entry) => typeof entry === 'number')) return graph.constant(suffix, int64(contents));
    const { value } = this.keras(index, graph);
    const attributes = { to: { kind: 'int', value: 7 } } as const;
    return graph.node('Cast', [value], { shape, dtype: 'int64', attributes, suffix });
  }

  /** @throws {EdgefoldError} CORRUPT, always: the graph makes no sense at this node. */
  broken(problem: string): never {
    throw new EdgefoldError('CORRUPT', problem, { where: this.label });
  }
}

/** By the names and numbers of tensorflow/core/framework/types.proto. */
const ELEMENTS: ReadonlyMap<string | number, Element> = new Map<string | number, Element>([
  ...entries('float32', ['DT_FLOAT', 1], ['DT_DOUBLE', 2], ['DT_HALF', 19], ['DT_BFLOAT16', 14]),
  ...entries('int32', ['DT_INT32', 3], ['DT_INT64', 9], ['DT_UINT8', 4], ['DT_INT16', 5], ['DT_INT8', 6]),
  ...entries('bool', ['DT_BOOL', 10]),
]);

function entries(element: Element, ...names: readonly (readonly [string, number])[]): [string | number, Element][] {
  return names.flatMap((name) => name.map((key): [string | number, Element] => [key, element]));
}

/** Sizes that are all known. */
export function allKnown(shape: readonly Dim[]): shape is readonly number[] {
  return shape.every((dim) => typeof dim === 'number');
}

/** What several axes of the TensorFlow tensor are where it lies. */
export function physicalAxes(x: Handle, axes: readonly number[]): number[] {
  return axes.map((axis) => physicalAxis(x, axis));
}
