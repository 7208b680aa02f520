import { byteLengthOf, type DType, type Tensor } from '../../tensor.ts';
import type { ComputeFloats, Constant } from '../constant.ts';
import { numberOf } from './dtype.ts';
import { fromInteger } from './int64.ts';
import { onnx } from './onnx.js';
import { edited, LaterBytes } from './wire.ts';

/** The message of a constant under the given name: the one it was read from, or a new one over its elements. */
export function writeConstant(constant: Constant, name: string): onnx.TensorProto | onnx.SparseTensorProto {
  const { source } = constant;
  if (source instanceof onnx.TensorProto) return named(source, name);
  if (source instanceof onnx.SparseTensorProto) {
    const values = named(source.values!, name);
    return values === source.values ? source : edited(source, { values });
  }
  return constant.compute ? writeComputed(constant, constant.compute, name) : writeTensor(constant.tensor(), name);
}

/** The message of elements that are computed when their turn to be written comes. */
function writeComputed({ dtype, shape }: Constant, compute: ComputeFloats, name: string): onnx.TensorProto {
  const proto = new onnx.TensorProto({ name, dims: shape.map(fromInteger), data_type: numberOf(dtype) });
  const length = byteLengthOf(dtype as Exclude<DType, 'string'>, shape);
  proto.raw_data = new LaterBytes(length, () => inBytes(compute())).asBytes();
  return proto;
}

function* inBytes(lots: Iterable<Float32Array>): Generator<Uint8Array> {
  for (const lot of lots) yield bytesOf(lot);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => new Uint8Array(buffer, byteOffset, byteLength);

function named(proto: onnx.TensorProto, name: string): onnx.TensorProto {
  return (proto.name ?? '') === name ? proto : edited(proto, { name });
}

function writeTensor({ dtype, shape, data }: Tensor, name: string): onnx.TensorProto {
  const proto = new onnx.TensorProto({ dims: shape.map(fromInteger), data_type: numberOf(dtype) });
  if (name !== '') proto.name = name;
  if (ArrayBuffer.isView(data)) proto.raw_data = bytesOf(data);
  else proto.string_data = data.map((text) => new TextEncoder().encode(text));
  return proto;
}
