import type { Dim } from '../../tensor.ts';
import type { ValueType } from '../graph.ts';
import { dtypeOf, numberOf } from './dtype.ts';
import { fromInteger, toNumber } from './int64.ts';
import { onnx } from './onnx.js';

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

export function writeType({ dtype, shape }: ValueType): onnx.TypeProto | null {
  if (!dtype) return null;
  const tensor = new onnx.TypeProto.Tensor({ elem_type: numberOf(dtype) });
  if (shape) tensor.shape = new onnx.TensorShapeProto({ dim: shape.map(writeDim) });
  return new onnx.TypeProto({ tensor_type: tensor });
}

function writeDim(dim: Dim): onnx.TensorShapeProto.Dimension {
  if (typeof dim === 'number') return new onnx.TensorShapeProto.Dimension({ dim_value: fromInteger(dim) });
  return new onnx.TensorShapeProto.Dimension(dim === '' ? {} : { dim_param: dim });
}
