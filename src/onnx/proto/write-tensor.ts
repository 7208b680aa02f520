import type { Tensor } from '../../tensor.ts';
import type { Constant } from '../constant.ts';
import { numberOf } from './dtype.ts';
import { fromInteger } from './int64.ts';
import { onnx } from './onnx.js';
import { edited } from './wire.ts';

/** The message of a constant under the given name: the one it was read from, or a new one over its elements. */
export function writeConstant(constant: Constant, name: string): onnx.TensorProto | onnx.SparseTensorProto {
  const { source } = constant;
  if (source instanceof onnx.TensorProto) return named(source, name);
  if (source instanceof onnx.SparseTensorProto) {
    const values = named(source.values!, name);
    return values === source.values ? source : edited(source, { values });
  }
  return writeTensor(constant.tensor(), name);
}

function named(proto: onnx.TensorProto, name: string): onnx.TensorProto {
  return (proto.name ?? '') === name ? proto : edited(proto, { name });
}

function writeTensor({ dtype, shape, data }: Tensor, name: string): onnx.TensorProto {
  const proto = new onnx.TensorProto({ dims: shape.map(fromInteger), data_type: numberOf(dtype) });
  if (name !== '') proto.name = name;
  if (ArrayBuffer.isView(data)) proto.raw_data = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  else proto.string_data = data.map((text) => new TextEncoder().encode(text));
  return proto;
}
