import * as elementwise from './elementwise.ts';
import * as linear from './linear.ts';
import * as movement from './movement.ts';
import * as reduce from './reduce.ts';
import type { ShapeRule } from './types.ts';

const named = (names: readonly string[], rule: ShapeRule) => names.map((name): [string, ShapeRule] => [name, rule]);

const shape: ShapeRule = (x) => {
  const source = x.shape(0);
  const picked = source?.slice(x.node.int('start', 0), x.node.int('end') ?? source.length);
  return [{ dtype: 'int64', shape: picked && [picked.length] }];
};

/** The one table of shape rules, by operator of the ai.onnx domain. */
export const SHAPE_RULES: ReadonlyMap<string, ShapeRule> = new Map([
  ...named(elementwise.SAME_AS_INPUT, elementwise.sameAsInput),
  ...named(['BatchNormalization', 'InstanceNormalization'], elementwise.perChannel),
  ...named(elementwise.BROADCASTING, elementwise.broadcasting),
  ...named(elementwise.COMPARING, elementwise.comparing),
  ...named(elementwise.TESTING, elementwise.testing),
  ...named(reduce.REDUCING, reduce.reduce),
  ...named(['ArgMax', 'ArgMin'], reduce.argReduce),
  ...named(['AveragePool', 'LpPool', 'MaxPool'], linear.pool),
  ...named(['GlobalAveragePool', 'GlobalLpPool', 'GlobalMaxPool'], linear.globalPool),
  ...named(['GRU', 'LSTM', 'RNN'], linear.recurrent),
  ...named(['Resize', 'Upsample'], movement.resize),
  ...Object.entries({
    Cast: elementwise.cast,
    Concat: movement.concat,
    ConstantOfShape: movement.constantOfShape,
    Conv: linear.conv,
    ConvTranspose: linear.convTranspose,
    DepthToSpace: movement.depthToSpace,
    DequantizeLinear: elementwise.dequantizeLinear,
    Dropout: elementwise.dropout,
    Expand: movement.expand,
    Flatten: movement.flatten,
    Gather: movement.gather,
    Gemm: linear.gemm,
    MatMul: linear.matMul,
    Pad: movement.pad,
    QuantizeLinear: elementwise.quantizeLinear,
    Reshape: movement.reshape,
    Shape: shape,
    Size: (): ReturnType<ShapeRule> => [{ dtype: 'int64', shape: [] }],
    Slice: movement.slice,
    SpaceToDepth: movement.spaceToDepth,
    Split: movement.split,
    Squeeze: movement.squeeze,
    Tile: movement.tile,
    Transpose: movement.transpose,
    Unsqueeze: movement.unsqueeze,
    Where: elementwise.where,
  } satisfies Record<string, ShapeRule>),
]);
