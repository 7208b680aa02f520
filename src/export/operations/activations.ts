import { float } from '../../onnx/attribute.ts';
import { ACTIVATIONS, softmax } from '../activations.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Handle } from '../layout.ts';
import { choose, plain } from './arithmetic.ts';
import { elementwise } from './broadcast.ts';
import type { OperationCall } from './operation-call.ts';
import type { Operation } from './operation.ts';

const PARAMETERS = ['x features input logits'];

/**
 * Activation functions called as operations. Those without options are the activations of layers; of the others
 * `keras.ops.gelu` is approximate unless it is told otherwise, unlike everywhere else.
 *
 *   gelu, approximate   x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³)))
 *
 * Source: https://keras.io/api/ops/nn/ · https://www.tensorflow.org/api_docs/python/tf/nn
 */
export const ACTIVATION_OPERATIONS: readonly Operation[] = [
  named('relu', 'Relu', 'relu', 'raw.Relu'),
  named('relu6', 'Relu6', 'relu6', 'raw.Relu6'),
  named('sigmoid', 'Sigmoid', 'sigmoid', 'raw.Sigmoid'),
  named('softplus', 'Softplus', 'softplus', 'raw.Softplus'),
  named('softsign', 'Softsign', 'softsign', 'raw.Softsign'),
  named('selu', 'Selu', 'selu', 'raw.Selu'),
  named('silu', 'Silu', 'silu', 'swish', 'raw.Silu'),
  named('hard_sigmoid', 'HardSigmoid', 'hard_sigmoid'),
  named('hard_silu', 'HardSilu'),
  named('log_sigmoid', 'LogSigmoid', 'log_sigmoid'),
  named('sparse_plus', 'SparsePlus'),
  named('sparse_sigmoid', 'SparseSigmoid'),
  named('squareplus', 'Squareplus'),
  named('tanh_shrink', 'TanhShrink'),
  named('hard_tanh', 'HardTanh'),
  named('mish', 'mish'),
  named('glu', 'Glu'),
  alpha('Elu', 1, 'Elu', 'elu', 'raw.Elu'),
  alpha('Celu', 1, 'Celu'),
  alpha('LeakyRelu', 0.2, 'LeakyRelu', 'leaky_relu', 'raw.LeakyRelu'),
  shrink('SoftShrink', true),
  shrink('HardShrink', false),
  along('Softmax', 'Softmax', 'softmax', 'softmax_v2', 'raw.Softmax'),
  along('LogSoftmax', 'LogSoftmax', 'log_softmax', 'log_softmax_v2', 'raw.LogSoftmax'),
  { names: ['Threshold'], parameters: ['x', 'threshold', 'value default_value'], lower: threshold },
  { names: ['Gelu', 'gelu'], parameters: ['x features', 'approximate'], lower: gelu },
];

function named(activation: string, ...names: readonly string[]): Operation {
  return {
    names,
    parameters: PARAMETERS,
    lower: (call, graph) => ACTIVATIONS.get(activation)!(graph.float(call.tensor('x')), graph, call.layer),
  };
}

function alpha(opType: string, otherwise: number, ...names: readonly string[]): Operation {
  return {
    names,
    parameters: [...PARAMETERS, 'alpha negative_slope'],
    lower: (call, graph) =>
      graph.like(graph.float(call.tensor('x')), opType, {
        attributes: { alpha: float(call.number('alpha', otherwise)) },
      }),
  };
}

/** 0 where |x| ≤ threshold; beyond it x, which a soft one brings nearer to 0 by the threshold. */
function shrink(name: string, isSoft: boolean): Operation {
  return {
    names: [name],
    parameters: ['x', 'threshold'],
    lower(call, graph) {
      const threshold = call.number('threshold', 0.5);
      const attributes = { lambd: float(threshold), bias: float(isSoft ? threshold : 0) };
      return graph.like(graph.float(call.tensor('x')), 'Shrink', { attributes });
    },
  };
}

function along(opType: string, ...names: readonly string[]): Operation {
  return {
    names,
    parameters: [...PARAMETERS, 'axis dim'],
    lower(call, graph) {
      const x = graph.float(call.tensor('x'));
      return softmax(x, graph, call.axis('axis', x.shape.length, -1), opType);
    },
  };
}

/** x above the threshold, else the value. */
function threshold(call: OperationCall, graph: GraphWriter): Handle {
  const x = graph.float(call.tensor('x'));
  const above = elementwise(call, 'Greater', [x, plain(call.number('threshold', NaN))], graph, {
    result: 'bool',
    suffix: 'above',
  });
  return choose(call, above, x, plain(call.number('value', NaN)), graph);
}

function gelu(call: OperationCall, graph: GraphWriter): Handle {
  const x = graph.float(call.tensor('x'));
  if (!call.flag('approximate', call.name === 'Gelu')) return ACTIVATIONS.get('gelu')!(x, graph, call.layer);
  const step = (opType: string, a: Handle, b: number | Handle, suffix: string) =>
    elementwise(call, opType, [a, typeof b === 'number' ? plain(b) : b], graph, { suffix });
  const cube = step('Mul', step('Mul', x, x, 'square'), x, 'cube');
  const inner = step('Add', x, step('Mul', cube, 0.044715, 'small'), 'inner');
  const tanh = graph.like(step('Mul', inner, Math.sqrt(2 / Math.PI), 'scaled'), 'Tanh', { suffix: 'tanh' });
  const gate = step('Mul', step('Add', tanh, 1, 'raised'), 0.5, 'gate');
  return elementwise(call, 'Mul', [x, gate], graph);
}
