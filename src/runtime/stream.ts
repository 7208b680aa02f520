import { EdgefoldError } from '../errors.ts';
import { sizeOf, type DType, type DTypeArray, type Tensor } from '../tensor.ts';
import { usage, wordFor } from './faults.ts';
import { gather } from './gather.ts';
import { checkInputs } from './inputs.ts';
import type { Inputs, Model, Outputs, StreamOptions, TensorSpec } from './model.ts';
import { checkSignal, readOptions, whole } from './options.ts';

export const STREAM_DEFAULTS = { batch: 1, maxDelayMs: 2 } as const;

type Item = ReadonlyMap<string, Tensor>;

/** {@link Model.stream} over any model. */
export async function* stream(
  model: Pick<Model, 'inputs' | 'outputs' | 'run'>,
  items: AsyncIterable<Inputs> | Iterable<Inputs>,
  options: StreamOptions,
): AsyncIterable<Outputs> {
  const given = readOptions(options, ['batch', 'maxDelayMs', 'signal']);
  const { batch = STREAM_DEFAULTS.batch, maxDelayMs = STREAM_DEFAULTS.maxDelayMs, signal } = given;
  whole('batch', batch, [1, MAX_BATCH]);
  checkDelay(maxDelayMs);
  checkSignal(signal);
  checkItems(items);
  const size = isBatchable([...model.inputs, ...model.outputs]) ? batch : 1;
  const run = (inputs: Inputs) => model.run(inputs, signal && { signal });
  const groups = gather(items, { size, maxDelayMs: size > 1 ? maxDelayMs : 0, ...(signal && { signal }) });
  for await (const group of groups) {
    const { good, failure } = checkGroup(model.inputs, group);
    for (const alike of runsOf(good)) yield* runTogether(run, alike);
    if (failure) throw failure.error;
  }
}

/** What came before a bad item is run all the same. */
function checkGroup(
  specs: readonly TensorSpec[],
  group: readonly Inputs[],
): { readonly good: readonly Item[]; readonly failure?: { readonly error: unknown } } {
  const good: Item[] = [];
  for (const item of group) {
    try {
      good.push(checkInputs(specs, item));
    } catch (error) {
      return { good, failure: { error } };
    }
  }
  return { good };
}

function checkItems(items: unknown): void {
  if (typeof items === 'string') usage('items', 'inputs one after the other: a list, a generator', 'text');
  const { [Symbol.asyncIterator]: eventually, [Symbol.iterator]: now } = Object(items) as Partial<
    AsyncIterable<unknown> & Iterable<unknown>
  >;
  if (typeof (eventually ?? now) !== 'function')
    usage('items', 'inputs one after the other: a list, a generator', wordFor(items));
}

/** More than this does not come together in memory. */
const MAX_BATCH = 2 ** 31 - 1;

/** The longest that a timer takes. */
const MAX_DELAY_MS = 2 ** 31 - 1;

function checkDelay(maxDelayMs: number): void {
  if (typeof maxDelayMs === 'number' && maxDelayMs >= 0 && maxDelayMs <= MAX_DELAY_MS) return;
  usage('maxDelayMs', `a number from 0 to ${String(MAX_DELAY_MS)}`, wordFor(maxDelayMs));
}

/** One symbol in front everywhere: other symbols may be other sizes. Types under 8 bits share bytes with their neighbours, so their batches cannot be put together or taken apart. */
function isBatchable(specs: readonly TensorSpec[]): boolean {
  const symbol = specs[0]?.shape[0];
  if (typeof symbol !== 'string' || symbol === '') return false;
  return specs.every(({ dtype, shape }) => shape[0] === symbol && !dtype.endsWith('int4'));
}

/** Neighbours that differ in nothing but their batch. */
function* runsOf(items: readonly Item[]): Iterable<Item[]> {
  let run: Item[] = [];
  for (const item of items) {
    if (run[0] && kindOf(run[0]) !== kindOf(item)) {
      yield run;
      run = [];
    }
    run.push(item);
  }
  if (run.length > 0) yield run;
}

const kindOf = (item: Item): string => [...item.values()].map(({ shape }) => shape.slice(1).join()).join(' ');

async function* runTogether(run: (inputs: Inputs) => Promise<Outputs>, items: readonly Item[]): AsyncIterable<Outputs> {
  if (items.length === 1) {
    yield await run(Object.fromEntries(items[0]!));
    return;
  }
  const names = [...items[0]!.keys()];
  const outputs = await run(
    Object.fromEntries(names.map((name) => [name, joined(items.map((item) => item.get(name)!))])),
  );
  const rows = items.map((item) => item.get(names[0]!)!.shape[0]!);
  let from = 0;
  for (const count of rows) {
    yield slices(outputs, [from, count], rows);
    from += count;
  }
}

/** Tensors behind one another along their first dimension. */
function joined(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors as [Tensor, ...Tensor[]];
  const rows = tensors.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const shape = [rows, ...first.shape.slice(1)];
  if (first.dtype === 'string') {
    return { dtype: 'string', shape, data: tensors.flatMap(({ data }) => data as readonly string[]) };
  }
  const data = new (first.data.constructor as Float32ArrayConstructor)(sizeOf(shape));
  let at = 0;
  for (const tensor of tensors) {
    data.set(tensor.data as Float32Array, at);
    at += tensor.data.length;
  }
  return { dtype: first.dtype, shape, data };
}

function slices(outputs: Outputs, [from, count]: readonly [number, number], rows: readonly number[]): Outputs {
  const total = rows.reduce((sum, row) => sum + row, 0);
  const sliceOf = ([name, { dtype, shape, data }]: [string, Tensor]): [string, Tensor] => {
    if (shape[0] !== total) throw notABatch(name, shape, total);
    const width = sizeOf(shape.slice(1));
    const part = data.slice(from * width, (from + count) * width) as DTypeArray[DType];
    return [name, { dtype, shape: [count, ...shape.slice(1)], data: part }];
  };
  return Object.fromEntries(Object.entries(outputs).map(sliceOf));
}

function notABatch(name: string, shape: readonly number[], total: number): EdgefoldError {
  return new EdgefoldError('UNSUPPORTED', 'the first dimension of the output is not the batch', {
    where: `output ${name}`,
    expected: `${total} items`,
    received: `[${shape.join(', ')}]`,
    hint: 'Stream with batch: 1.',
  });
}
