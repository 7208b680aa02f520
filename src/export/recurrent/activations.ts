import type { Attribute } from '../../onnx/attribute.ts';
import { activationName } from '../activation.ts';
import { isObject, type Layer } from '../layer.ts';
import type { JsonObject, JsonValue } from '../source-model.ts';

/** A function that a recurrent operator of ONNX knows, with the numbers it takes. */
export interface CellFunction {
  readonly name: string;
  readonly alpha?: number;
  readonly beta?: number;
}

const plain = (name: string): CellFunction => ({ name });

/**
 * The activations of Keras that ONNX's recurrent operators can apply. What is missing has no name there: relu6, selu,
 * gelu, silu, exponential and the like; a Scan applies those.
 * Source: https://onnx.ai/onnx/operators/onnx__LSTM.html, attribute `activations`.
 */
const FUNCTIONS: ReadonlyMap<string, CellFunction> = new Map<string, CellFunction>([
  ['linear', { name: 'Affine', alpha: 1, beta: 0 }],
  ['tanh', plain('Tanh')],
  ['sigmoid', plain('Sigmoid')],
  ['relu', plain('Relu')],
  ['leaky_relu', { name: 'LeakyRelu', alpha: 0.2 }],
  ['elu', { name: 'Elu', alpha: 1 }],
  ['softsign', plain('Softsign')],
  ['softplus', plain('Softplus')],
  ['sparse_sigmoid', { name: 'HardSigmoid', alpha: 0.5, beta: 0.5 }],
]);

export type FunctionKey = 'activation' | 'recurrent_activation';

/** What a cell's configuration names: `null` is the identity, absence the default of its generation. */
export function functionEntry({ source: { config }, kerasMajor }: Layer, key: FunctionKey): JsonValue {
  const gate = kerasMajor === 3 ? 'sigmoid' : 'hard_sigmoid';
  return Object.hasOwn(config, key) ? config[key]! : key === 'activation' ? 'tanh' : gate;
}

/** The function of ONNX that it is; `undefined` if there is none. */
export function cellFunction(cell: Layer, key: FunctionKey): CellFunction | undefined {
  const entry = functionEntry(cell, key) ?? 'linear';
  const name = activationName(entry);
  if (name === 'hard_sigmoid') return hardSigmoid(cell);
  return name === undefined ? layerFunction(entry) : FUNCTIONS.get(name);
}

/** Keras 2 and TF.js: clip(0.2·x + 0.5, 0, 1). Keras 3: relu6(x + 3) / 6 = clip(x/6 + 0.5, 0, 1). */
function hardSigmoid({ kerasMajor }: Layer): CellFunction {
  return { name: 'HardSigmoid', alpha: kerasMajor === 2 ? 0.2 : 1 / 6, beta: 0.5 };
}

/** An activation given as a layer: `LeakyReLU` names its slope `alpha` in Keras 2, `negative_slope` in Keras 3. */
function layerFunction(entry: JsonValue): CellFunction | undefined {
  if (!isObject(entry) || !isObject(entry.config)) return undefined;
  const { config } = entry;
  if (entry.class_name === 'LeakyReLU') {
    return { name: 'LeakyRelu', alpha: numberIn(config, 'negative_slope') ?? numberIn(config, 'alpha') ?? 0.3 };
  }
  if (entry.class_name === 'ELU') return { name: 'Elu', alpha: numberIn(config, 'alpha') ?? 1 };
  return undefined;
}

function numberIn(config: JsonObject, key: string): number | undefined {
  const value = Object.hasOwn(config, key) ? config[key] : undefined;
  return typeof value === 'number' ? value : undefined;
}

/**
 * The attributes that name the functions of all directions. Each list holds only the numbers of functions that take
 * one, in order. What the operator does anyway is left out.
 */
export function functionAttributes(
  functions: readonly CellFunction[],
  defaults: readonly string[],
): Record<string, Attribute> {
  const names = functions.map(({ name }) => name);
  if (names.every((name, i) => name === defaults[i % defaults.length])) return {};
  const numbers = (key: 'alpha' | 'beta') => functions.flatMap((f) => f[key] ?? []).map(Math.fround);
  const [alphas, betas] = [numbers('alpha'), numbers('beta')];
  return {
    activations: { kind: 'strings', value: names },
    ...(alphas.length > 0 && { activation_alpha: { kind: 'floats', value: alphas } }),
    ...(betas.length > 0 && { activation_beta: { kind: 'floats', value: betas } }),
  };
}
