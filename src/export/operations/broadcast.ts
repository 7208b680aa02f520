import { int } from '../../onnx/attribute.ts';
import type { DType, Dim } from '../../tensor.ts';
import type { Value } from '../../onnx/graph.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { KERAS, physicalShape, type Handle, type Layout } from '../layout.ts';
import { asKeras, inOneLayout } from '../reorder.ts';
import type { ArrayConstant } from './array-constant.ts';
import { broadcastConstant, naturalType } from './constant-handle.ts';
import type { Operand, OperationCall } from './operation-call.ts';

/** Operands of one type, lying so that ONNX broadcasts them as numpy does the tensors that Keras sees. */
export interface Broadcasted {
  readonly values: readonly Value[];
  /** What they broadcast to, as Keras sees it. */
  readonly shape: readonly Dim[];
  readonly layout: Layout;
}

/** @param dtype the type to compute in, or one for each operand. */
export function broadcasted(
  call: OperationCall,
  operands: readonly Operand[],
  graph: GraphWriter,
  dtype: DType | readonly DType[],
): Broadcasted {
  const typeOf = (i: number) => (typeof dtype === 'string' ? dtype : dtype[i]!);
  const rank = Math.max(...operands.map(({ shape }) => shape.length));
  const tensors = operands.flatMap((operand, i) =>
    'value' in operand ? [inType(raised(operand, rank, graph, i), typeOf(i), graph.part(`operand_${i}`))] : [],
  );
  const fit = operands.every(
    (operand, i) => 'value' in operand || keepsOrder(operand, typeOf(i), tensors[0]?.shape.at(-1)),
  );
  const handles = alike(tensors, fit, graph);
  const layout = handles[0]?.layout ?? KERAS;
  const shape = operands.map((operand) => raisedShape(operand.shape, rank)).reduce((a, b) => joined(call, a, b));
  let next = 0;
  const values = operands.map((operand, i) =>
    'value' in operand
      ? handles[next++]!.value
      : graph.constant(`operand_${i}`, broadcastConstant(operand, typeOf(i), rank, layout)),
  );
  return { values, shape, layout };
}

export interface ElementwiseOptions {
  /** The type of the operands; by default what Keras makes of their own. */
  readonly dtype?: DType;
  /** The type of the result, where it is another. */
  readonly result?: DType;
  readonly suffix?: string;
}

/** One ONNX operator over operands that broadcast. */
export function elementwise(
  call: OperationCall,
  opType: string,
  operands: readonly Operand[],
  graph: GraphWriter,
  { dtype = commonType(operands), result = dtype, suffix }: ElementwiseOptions = {},
): Handle {
  const part = suffix === undefined ? graph : graph.part(suffix);
  const { values, shape, layout } = broadcasted(call, operands, part, dtype);
  const output = { shape: physicalShape(shape, layout), dtype: result };
  return graph.handle(part.node(opType, values, output), shape, layout);
}

/** The order of features of a flattened tensor is put back where a constant cannot follow it. */
function alike(tensors: readonly Handle[], constantsFit: boolean, graph: GraphWriter): readonly Handle[] {
  const handles = inOneLayout(graph, tensors);
  const isReordered = handles[0]?.layout.kind === 'reordered';
  return isReordered && !constantsFit ? handles.map((handle) => asKeras(graph, handle)) : handles;
}

function keepsOrder({ data }: ArrayConstant, dtype: DType, features: Dim | undefined): boolean {
  return data.length === 1 || (data.length === features && dtype === 'float32');
}

const TYPES: readonly DType[] = ['bool', 'int32', 'int64', 'float32'];

/**
 * Float32 if anything is, else the widest integer. Numbers without a type of their own make a tensor of integers
 * float32 if they have a fraction or are written with a point, and otherwise take its type. ONNX computes in none of the small integers.
 */
export function commonType(operands: readonly Operand[]): DType {
  const own = operands.map((operand) =>
    'value' in operand ? computeType(operand) : operand.dtype && naturalType(operand),
  );
  const fixed = own.filter((dtype) => dtype !== undefined);
  const loose = operands.filter((_, i) => own[i] === undefined).map((operand) => naturalType(operand as ArrayConstant)); // prettier-ignore
  const least: DType[] = fixed.length === 0 || loose.includes('float32') ? loose : loose.map(() => 'int32' as const);
  const rank = Math.max(...[...fixed, ...least].map((dtype) => TYPES.indexOf(dtype)));
  return TYPES[rank] ?? 'float32';
}

function computeType({ value: { dtype = 'float32' } }: Handle): DType {
  return dtype === 'float32' || dtype === 'int64' || dtype === 'bool' ? dtype : 'int32';
}

/** TensorProto.DataType. */
const CODES = { float32: 1, uint8: 2, int8: 3, uint16: 4, int16: 5, int32: 6, int64: 7, bool: 9 } as const;

/** `x` cast to a type, if it has another. */
export function inType(x: Handle, dtype: DType, graph: GraphWriter, suffix: string | undefined = dtype): Handle {
  if ((x.value.dtype ?? 'float32') === dtype) return x;
  if (!isTarget(dtype)) return x;
  const output = {
    shape: physicalShape(x.shape, x.layout),
    dtype,
    attributes: { to: int(CODES[dtype]) },
    ...(suffix === '' ? {} : { suffix }),
  };
  return { ...x, value: graph.node('Cast', [x.value], output) };
}

function isTarget(dtype: DType): dtype is keyof typeof CODES {
  return Object.hasOwn(CODES, dtype);
}

/** Axes of size 1 in front, as numpy adds them. */
function raised(x: Handle, rank: number, graph: GraphWriter, i: number): Handle {
  const missing = rank - x.shape.length;
  if (missing === 0 || x.shape.length === 0) return x;
  const keras = asKeras(graph, x);
  const shape = raisedShape(x.shape, rank);
  const axes = graph.integers(
    `operand_${i}_axes`,
    Array.from({ length: missing }, (_, axis) => axis),
  );
  const output = { shape, dtype: keras.value.dtype, suffix: `operand_${i}` };
  return graph.handle(graph.node('Unsqueeze', [keras.value, axes], output), shape);
}

function raisedShape(shape: readonly Dim[], rank: number): readonly Dim[] {
  return [...new Array<number>(rank - shape.length).fill(1), ...shape];
}

function joined(call: OperationCall, a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  return a.map((dim, axis) => {
    const other = b[axis]!;
    if (dim === 1 || dim === other) return other;
    if (other === 1) return dim;
    if (typeof dim === 'number' && typeof other === 'number') {
      return call.unsupported(`its operands [${a.join(', ')}] and [${b.join(', ')}] do not fit together`);
    }
    return typeof dim === 'number' ? dim : other;
  });
}
