import { EdgefoldError } from '../errors.ts';
import type { SampleOptions } from '../parity/sample-options.ts';
import { generateSamples } from '../parity/samples.ts';
import { bench, type Timing } from '../runtime/bench.ts';
import type { LoadOptions, Model, ModelSource, ProviderReport, TensorSpec } from '../runtime/model.ts';
import { load } from '../runtime/node.ts';
import { guard } from '../runtime/node/guard.ts';
import { errorData, type ErrorData } from '../runtime/protocol.ts';

/*
 * What times models in a process of its own, in that process's only thread: nothing lies between the clock and the
 * runtime, and a runtime that dies takes nobody with it.
 */

/** What one such process is asked for. */
export interface Order {
  readonly models: readonly ModelSource[];
  readonly options: Pick<LoadOptions, 'provider' | 'threads'>;
  readonly inputs: SampleOptions;
  /** Absent: the size that the model fixes, or 1. */
  readonly batches?: readonly number[];
  /** For each batch; absent where the first run is all that is wanted. */
  readonly seconds?: number;
}

export interface Measured {
  readonly report: ProviderReport;
  /** Of the first model. */
  readonly firstMs: number;
  readonly rows: readonly { readonly batch: number; readonly timings: readonly Timing[] }[];
}

export type MeasureReply =
  { readonly kind: 'done'; readonly value: Measured } | { readonly kind: 'failed'; readonly error: ErrorData };

async function measure({ models, options, inputs, batches, seconds }: Order): Promise<Measured> {
  const loaded: Model[] = [];
  for (const model of models) loaded.push(await load(model, { ...options, thread: 'here', warmup: 0 }));
  const [first] = loaded;
  const sizes = batchesOf(first!.inputs, inputs, batches);
  const samples = sizes.map((batch) => generateSamples(atBatch(first!.inputs, batch), { ...inputs, samples: 1 })[0]!);
  const start = performance.now();
  await first!.run(samples[0]!);
  const firstMs = performance.now() - start;
  const rows = [];
  if (seconds !== undefined) {
    const contenders = Object.fromEntries(loaded.map((model, i) => [String(i), model]));
    for (const [i, batch] of sizes.entries()) {
      const timings = await bench(contenders, samples[i]!, { seconds, cpuMs });
      rows.push({ batch, timings: loaded.map((_, at) => timings[String(at)]!) });
    }
  }
  for (const model of loaded) await model.dispose();
  return { report: first!.report, firstMs, rows };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** @throws {EdgefoldError} USAGE for sizes that a model does not take. */
function batchesOf(
  specs: readonly TensorSpec[],
  { symbols = {} }: SampleOptions,
  asked: readonly number[] | undefined,
): readonly number[] {
  const firsts = specs.map(({ shape }) => shape[0]);
  const free = firsts.find((dim) => typeof dim === 'string');
  if (free !== undefined) return asked ?? [(Object.hasOwn(symbols, free) ? symbols[free] : undefined) ?? 1];
  const fixed = typeof firsts[0] === 'number' ? firsts[0] : 1;
  if (!asked || asked.every((batch) => batch === fixed)) return [fixed];
  const details = { where: '--batch', expected: String(fixed), received: asked.join(',') };
  throw new EdgefoldError('USAGE', 'the model takes batches of one size only', details);
}

/** The first dimension where it is free, and every other of the same name. */
function atBatch(specs: readonly TensorSpec[], batch: number): readonly TensorSpec[] {
  const symbols = new Set(specs.map(({ shape }) => shape[0]).filter((dim) => typeof dim === 'string' && dim !== ''));
  const isBatch = (dim: string | number, axis: number) => typeof dim === 'string' && (axis === 0 || symbols.has(dim));
  return specs.map((spec) => ({
    ...spec,
    shape: spec.shape.map((dim, axis) => (isBatch(dim, axis) ? batch : dim)),
  }));
}

guard();
process.on('disconnect', () => process.exit());
process.once('message', (order) => {
  const reply = (message: MeasureReply) => process.send?.(message, () => process.exit());
  measure(order as Order).then(
    (value) => reply({ kind: 'done', value }),
    (error: unknown) => reply({ kind: 'failed', error: errorData(error) }),
  );
});
