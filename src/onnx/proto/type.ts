import type { Dim } from '../../tensor.ts';
import type { ValueType } from '../graph.ts';
import { dtypeOf, numberOf } from './dtype.ts';
import { fromInteger, toNumber } from './int64.ts';
import { onnx } from './onnx.js';
import { edited } from './wire.ts';

/** Dense tensors only; sequences, maps, optionals and sparse tensors are of no type here. */
export function readType(type: onnx.TypeProto | null): ValueType {
  const tensor = type?.tensor_type;
  if (!tensor) return {};
  return { dtype: dtypeOf(tensor.elem_type), shape: tensor.shape?.dim.map(readDim) };
}

/** A size that no tensor can have is an unknown one. */
function readDim({ dim_value, dim_param }: onnx.TensorShapeProto.Dimension): Dim {
  if (dim_value === null) return dim_param ?? '';
  const size = toNumber(dim_value);
  return size >= 0 && Number.isSafeInteger(size) ? size : '';
}

/** Edits the type that the value was read with, so that unknown fields and denotations stay. */
export function writeType({ dtype, shape }: ValueType, before: onnx.TypeProto | null): onnx.TypeProto | null {
  if (!dtype) return null;
  const type = before?.tensor_type ? before : new onnx.TypeProto();
  const tensor = type.tensor_type ?? new onnx.TypeProto.Tensor();
  const changes = { elem_type: numberOf(dtype), shape: shape ? writeShape(shape, tensor.shape) : null };
  return edited(type, { tensor_type: edited(tensor, changes) });
}

/** Dimensions of another rank are other ones. */
function writeShape(shape: readonly Dim[], before: onnx.TensorShapeProto | null): onnx.TensorShapeProto {
  const dims = before?.dim.length === shape.length ? before.dim : [];
  return edited(before ?? new onnx.TensorShapeProto(), { dim: shape.map((dim, axis) => writeDim(dim, dims[axis])) });
}

function writeDim(dim: Dim, before = new onnx.TensorShapeProto.Dimension()): onnx.TensorShapeProto.Dimension {
  if (dim === readDim(before)) return before;
  if (typeof dim === 'number') return edited(before, { dim_value: fromInteger(dim), dim_param: null });
  return edited(before, { dim_value: null, dim_param: dim === '' ? null : dim });
}
