// Made by scripts/generate-proto.mjs from onnx.proto. A field that is absent reads null.
import type { Reader, Writer } from 'protobufjs/minimal.js';

/** What the generated code makes of a 64-bit integer: a Long, of which only the two halves are used here. */
export interface Int64 {
  readonly low: number;
  readonly high: number;
}

export interface Message {
  /** Fields that the schema does not know, as they were read. */
  $unknowns?: Uint8Array[];
  /** The whole message as it was read, and as it will be written, whatever its fields say. */
  $bytes?: Uint8Array | null;
}

export namespace onnx {
  export class ModelProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<ModelProto>);
    ir_version: Int64 | null;
    opset_import: OperatorSetIdProto[];
    producer_name: string | null;
    producer_version: string | null;
    domain: string | null;
    model_version: Int64 | null;
    doc_string: string | null;
    graph: GraphProto | null;
    metadata_props: StringStringEntryProto[];
    training_info: TrainingInfoProto[];
    functions: FunctionProto[];
    configuration: DeviceConfigurationProto[];
    static encode(message: ModelProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): ModelProto;
  }
  export class OperatorSetIdProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<OperatorSetIdProto>);
    domain: string | null;
    version: Int64 | null;
    static encode(message: OperatorSetIdProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): OperatorSetIdProto;
  }
  export class StringStringEntryProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<StringStringEntryProto>);
    key: string | null;
    value: string | null;
    static encode(message: StringStringEntryProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): StringStringEntryProto;
  }
  export class GraphProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<GraphProto>);
    node: NodeProto[];
    name: string | null;
    initializer: TensorProto[];
    sparse_initializer: SparseTensorProto[];
    doc_string: string | null;
    input: ValueInfoProto[];
    output: ValueInfoProto[];
    value_info: ValueInfoProto[];
    quantization_annotation: TensorAnnotation[];
    metadata_props: StringStringEntryProto[];
    static encode(message: GraphProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): GraphProto;
  }
  export class NodeProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<NodeProto>);
    input: string[];
    output: string[];
    name: string | null;
    op_type: string | null;
    domain: string | null;
    overload: string | null;
    attribute: AttributeProto[];
    doc_string: string | null;
    metadata_props: StringStringEntryProto[];
    device_configurations: NodeDeviceConfigurationProto[];
    static encode(message: NodeProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): NodeProto;
  }
  export class AttributeProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<AttributeProto>);
    name: string | null;
    ref_attr_name: string | null;
    doc_string: string | null;
    type: number | null;
    f: number | null;
    i: Int64 | null;
    s: Uint8Array | null;
    t: TensorProto | null;
    g: GraphProto | null;
    sparse_tensor: SparseTensorProto | null;
    tp: TypeProto | null;
    floats: number[];
    ints: Int64[];
    strings: Uint8Array[];
    tensors: TensorProto[];
    graphs: GraphProto[];
    sparse_tensors: SparseTensorProto[];
    type_protos: TypeProto[];
    static encode(message: AttributeProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): AttributeProto;
  }
  export class ValueInfoProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<ValueInfoProto>);
    name: string | null;
    type: TypeProto | null;
    doc_string: string | null;
    metadata_props: StringStringEntryProto[];
    static encode(message: ValueInfoProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): ValueInfoProto;
  }
  export class TensorProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<TensorProto>);
    dims: Int64[];
    data_type: number | null;
    segment: TensorProto.Segment | null;
    float_data: number[];
    int32_data: number[];
    string_data: Uint8Array[];
    int64_data: Int64[];
    name: string | null;
    doc_string: string | null;
    raw_data: Uint8Array | null;
    external_data: StringStringEntryProto[];
    data_location: number | null;
    double_data: number[];
    uint64_data: Int64[];
    metadata_props: StringStringEntryProto[];
    static encode(message: TensorProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): TensorProto;
  }
  export namespace TensorProto {
    export class Segment implements Message {
      $unknowns?: Uint8Array[];
      $bytes?: Uint8Array | null;
      constructor(properties?: Partial<TensorProto.Segment>);
      begin: Int64 | null;
      end: Int64 | null;
      static encode(message: Segment, writer?: Writer): Writer;
      static decode(reader: Reader, length?: number): Segment;
    }
  }
  export class SparseTensorProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<SparseTensorProto>);
    values: TensorProto | null;
    indices: TensorProto | null;
    dims: Int64[];
    static encode(message: SparseTensorProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): SparseTensorProto;
  }
  export class TensorAnnotation implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<TensorAnnotation>);
    tensor_name: string | null;
    quant_parameter_tensor_names: StringStringEntryProto[];
    static encode(message: TensorAnnotation, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): TensorAnnotation;
  }
  export class TensorShapeProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<TensorShapeProto>);
    dim: TensorShapeProto.Dimension[];
    static encode(message: TensorShapeProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): TensorShapeProto;
  }
  export namespace TensorShapeProto {
    export class Dimension implements Message {
      $unknowns?: Uint8Array[];
      $bytes?: Uint8Array | null;
      constructor(properties?: Partial<TensorShapeProto.Dimension>);
      dim_value: Int64 | null;
      dim_param: string | null;
      denotation: string | null;
      static encode(message: Dimension, writer?: Writer): Writer;
      static decode(reader: Reader, length?: number): Dimension;
    }
  }
  export class TypeProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<TypeProto>);
    tensor_type: TypeProto.Tensor | null;
    sequence_type: TypeProto.Sequence | null;
    map_type: TypeProto.Map | null;
    optional_type: TypeProto.Optional | null;
    sparse_tensor_type: TypeProto.SparseTensor | null;
    opaque_type: TypeProto.Opaque | null;
    denotation: string | null;
    static encode(message: TypeProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): TypeProto;
  }
  export namespace TypeProto {
    export class Tensor implements Message {
      $unknowns?: Uint8Array[];
      $bytes?: Uint8Array | null;
      constructor(properties?: Partial<TypeProto.Tensor>);
      elem_type: number | null;
      shape: TensorShapeProto | null;
      static encode(message: Tensor, writer?: Writer): Writer;
      static decode(reader: Reader, length?: number): Tensor;
    }
    export class Sequence implements Message {
      $unknowns?: Uint8Array[];
      $bytes?: Uint8Array | null;
      constructor(properties?: Partial<TypeProto.Sequence>);
      elem_type: TypeProto | null;
      static encode(message: Sequence, writer?: Writer): Writer;
      static decode(reader: Reader, length?: number): Sequence;
    }
    export class Map implements Message {
      $unknowns?: Uint8Array[];
      $bytes?: Uint8Array | null;
      constructor(properties?: Partial<TypeProto.Map>);
      key_type: number | null;
      value_type: TypeProto | null;
      static encode(message: Map, writer?: Writer): Writer;
      static decode(reader: Reader, length?: number): Map;
    }
    export class Optional implements Message {
      $unknowns?: Uint8Array[];
      $bytes?: Uint8Array | null;
      constructor(properties?: Partial<TypeProto.Optional>);
      elem_type: TypeProto | null;
      static encode(message: Optional, writer?: Writer): Writer;
      static decode(reader: Reader, length?: number): Optional;
    }
    export class SparseTensor implements Message {
      $unknowns?: Uint8Array[];
      $bytes?: Uint8Array | null;
      constructor(properties?: Partial<TypeProto.SparseTensor>);
      elem_type: number | null;
      shape: TensorShapeProto | null;
      static encode(message: SparseTensor, writer?: Writer): Writer;
      static decode(reader: Reader, length?: number): SparseTensor;
    }
    export class Opaque implements Message {
      $unknowns?: Uint8Array[];
      $bytes?: Uint8Array | null;
      constructor(properties?: Partial<TypeProto.Opaque>);
      domain: string | null;
      name: string | null;
      static encode(message: Opaque, writer?: Writer): Writer;
      static decode(reader: Reader, length?: number): Opaque;
    }
  }
  export class FunctionProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<FunctionProto>);
    name: string | null;
    input: string[];
    output: string[];
    attribute: string[];
    attribute_proto: AttributeProto[];
    node: NodeProto[];
    doc_string: string | null;
    opset_import: OperatorSetIdProto[];
    domain: string | null;
    overload: string | null;
    value_info: ValueInfoProto[];
    metadata_props: StringStringEntryProto[];
    static encode(message: FunctionProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): FunctionProto;
  }
  export class TrainingInfoProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<TrainingInfoProto>);
    initialization: GraphProto | null;
    algorithm: GraphProto | null;
    initialization_binding: StringStringEntryProto[];
    update_binding: StringStringEntryProto[];
    static encode(message: TrainingInfoProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): TrainingInfoProto;
  }
  export class DeviceConfigurationProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<DeviceConfigurationProto>);
    name: string | null;
    num_devices: number | null;
    device: string[];
    static encode(message: DeviceConfigurationProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): DeviceConfigurationProto;
  }
  export class NodeDeviceConfigurationProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<NodeDeviceConfigurationProto>);
    configuration_id: string | null;
    sharding_spec: ShardingSpecProto[];
    pipeline_stage: number | null;
    static encode(message: NodeDeviceConfigurationProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): NodeDeviceConfigurationProto;
  }
  export class ShardingSpecProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<ShardingSpecProto>);
    tensor_name: string | null;
    device: Int64[];
    index_to_device_group_map: IntIntListEntryProto[];
    sharded_dim: ShardedDimProto[];
    static encode(message: ShardingSpecProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): ShardingSpecProto;
  }
  export class IntIntListEntryProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<IntIntListEntryProto>);
    key: Int64 | null;
    value: Int64[];
    static encode(message: IntIntListEntryProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): IntIntListEntryProto;
  }
  export class ShardedDimProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<ShardedDimProto>);
    axis: Int64 | null;
    simple_sharding: SimpleShardedDimProto[];
    static encode(message: ShardedDimProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): ShardedDimProto;
  }
  export class SimpleShardedDimProto implements Message {
    $unknowns?: Uint8Array[];
    $bytes?: Uint8Array | null;
    constructor(properties?: Partial<SimpleShardedDimProto>);
    dim_value: Int64 | null;
    dim_param: string | null;
    num_shards: Int64 | null;
    static encode(message: SimpleShardedDimProto, writer?: Writer): Writer;
    static decode(reader: Reader, length?: number): SimpleShardedDimProto;
  }
}
