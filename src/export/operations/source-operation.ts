import { isList, isObject, type Layer } from '../layer.ts';
import type { CallArgument, JsonObject, JsonValue, SourceCall } from '../source-model.ts';

/** An operation as the file has it, in one form for all three kinds. */
export interface SourceOperation {
  readonly name: string;
  readonly args: readonly CallArgument[];
  readonly named: ReadonlyMap<string, CallArgument>;
}

/** More inputs than any node has. */
const MAX_INPUTS = 1000;

const LAMBDAS: ReadonlySet<string> = new Set(['TFOpLambda', 'SlicingOpLambda', 'TensorFlowOpLayer']);

/** Whether the entry is an operation on tensors and no layer, though it may have the class name of one (`Add`). */
export function isOperation({ className, source }: Layer): boolean {
  return LAMBDAS.has(className) || (source.module !== undefined && /(^|\.)ops(\.|$)/.test(source.module));
}

/**
 *   Keras 3             class_name is the operation; tensors are arguments of the call, options stand in the config
 *   TFOpLambda          config.function is the operation; the first argument is the connection, others are its keywords
 *   SlicingOpLambda     the same, with `slice_spec`
 *   TensorFlowOpLayer   config.node_def is a node of TensorFlow's graph; config.constants are its other inputs, by place
 */
export function readOperation(layer: Layer, call: SourceCall): SourceOperation {
  if (layer.className === 'TensorFlowOpLayer') return graphNode(layer, call);
  const isFunction = LAMBDAS.has(layer.className);
  const name = isFunction ? functionName(layer) : layer.className;
  const named = new Map<string, CallArgument>(
    isFunction ? [] : Object.entries(layer.source.config).map(([key, constant]) => [key, { constant }]),
  );
  for (const [key, argument] of Object.entries(call.kwargs)) named.set(key, argument);
  return { name, args: call.args, named };
}

function functionName(layer: Layer): string {
  const written = layer.value('function');
  return typeof written === 'string' ? operationName(written) : layer.malformed('function', 'a name');
}

/** A function of TensorFlow without the modules that name it in several ways: `math.add`, `__operators__.add`, `add`. */
export function operationName(written: string): string {
  return written
    .replace(/^(tf\.)?(compat\.v[12]\.)?/, '')
    .replace(/^(math|nn|linalg|__operators__|keras\.(activations|backend))\./, '');
}

function graphNode(layer: Layer, call: SourceCall): SourceOperation {
  const node = nodeOf(layer);
  const inputs = call.args.flatMap((argument) => ('list' in argument ? argument.list : [argument]));
  const constants = layer.value('constants');
  const places = isObject(constants) ? Object.entries(constants).slice(0, MAX_INPUTS) : [];
  const args = [...inputs];
  for (const [place, constant] of places.sort(([a], [b]) => Number(a) - Number(b))) {
    args.splice(Number(place), 0, { constant });
  }
  const { op } = node;
  if (typeof op !== 'string') return layer.malformed('node_def', 'a node of a TensorFlow graph');
  return inFunctionForm({ name: `raw.${op}`, args, named: attributesOf(node) });
}

/** Nodes whose inputs stand in another order than the arguments of the function of that name. */
function inFunctionForm({ name, args, named }: SourceOperation): SourceOperation {
  const last = args.at(-1);
  if (name === 'raw.ConcatV2' && last) return { name: 'concat', args: [{ list: args.slice(0, -1) }, last], named };
  if (name === 'raw.Pack') return { name: 'stack', args: [{ list: args }], named };
  if (name === 'raw.Split') return { name: 'split', args: [args[1]!], named: new Map([...named, ['num_or_size_splits', named.get('num_split') ?? NONE], ['axis', args[0] ?? NONE]]) };
  if (name === 'raw.SplitV') return { name: 'split', args: [args[0]!, args[1]!, args[2]!], named };
  if (name === 'raw.Unpack') return { name: 'unstack', args, named };
  return name === 'raw.StridedSlice' ? { name: 'getitem', args: [args[0]!, { constant: keysOf(args, named) }], named } : { name, args, named };
} // prettier-ignore

const NONE: CallArgument = { constant: null };

/** `x[…]` as TensorFlow's StridedSlice has it: begin, end and stride of each index, and a bit of each mask for what it means. */
function keysOf([, ...bounds]: readonly CallArgument[], named: ReadonlyMap<string, CallArgument>): JsonValue {
  const [begin = [], end = [], strides = []] = bounds.map(numbersOf);
  const bit = (mask: string, i: number) => ((Number(constantOf(named.get(mask)) ?? 0) >> i) & 1) === 1;
  return begin.map((start, i): JsonValue => {
    if (bit('ellipsis_mask', i)) return { class_name: '__ellipsis__' };
    if (bit('new_axis_mask', i)) return null;
    if (bit('shrink_axis_mask', i)) return start;
    return { start: bit('begin_mask', i) ? null : start, stop: bit('end_mask', i) ? null : (end[i] ?? null), step: strides[i] ?? 1 };
  });
} // prettier-ignore

function constantOf(argument: CallArgument | undefined): JsonValue | undefined {
  return argument && 'constant' in argument ? argument.constant : undefined;
}

function numbersOf(argument: CallArgument): readonly number[] {
  const value = constantOf(argument);
  return isList(value) ? value.map(Number) : [];
}

/** TensorFlow 2.2 and later write the node as an object, earlier ones as the bytes of a message. */
function nodeOf(layer: Layer): JsonObject {
  const written = layer.value('node_def');
  if (isObject(written)) return written;
  return layer.unsupported(
    'its operation is written as the bytes of a TensorFlow message',
    'Load the model with TensorFlow 2.3 or later and save it again.',
  );
}

/** The attributes that are numbers, truth values, texts, types or lists of numbers. */
function attributesOf({ attr }: JsonObject): Map<string, CallArgument> {
  const named = new Map<string, CallArgument>();
  if (!isObject(attr)) return named;
  for (const [key, value] of Object.entries(attr)) {
    const constant = isObject(value) ? attributeValue(value) : undefined;
    if (constant !== undefined) named.set(key, { constant });
  }
  return named;
}

/** 64-bit integers are texts in protobuf's JSON, and bytes are in base 64. */
function attributeValue({ i, f, b, s, type, list }: JsonObject): JsonValue | undefined {
  if (i !== undefined) return Number(i);
  if (typeof s === 'string') return atob(s);
  if (isObject(list)) return isList(list.i) ? list.i.map(Number) : undefined;
  return f ?? b ?? type;
}
