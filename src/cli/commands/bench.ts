import { PROVIDERS, type Provider } from '../../runtime/model.ts';
import { badValue, type Arguments } from '../arguments.ts';
import { benchText } from '../bench-text.ts';
import type { Command, Outcome } from '../command.ts';
import { contendersFor, type Contender } from '../contenders.ts';
import { CUSTOM_LAYERS_OPTION, customLayersOf } from '../custom-layers.ts';
import type { BenchDocument, BenchModelJson, BenchRowJson } from '../json.ts';
import { LIMIT_OPTIONS, limitsOf } from '../limits.ts';
import { measureApart } from '../measure-apart.ts';
import type { Measured, Order } from '../measure.ts';
import { PARITY_OPTIONS, paritySettings } from '../parity-check.ts';
import type { Progress } from '../progress.ts';

const DEFAULT_SECONDS = 2;
const MOST_SECONDS = 3600;
const LARGEST_BATCH = 100_000;
const MOST_BATCHES = 16;

const { range, indices, dim } = PARITY_OPTIONS;

export const benchCommand: Command = {
  verb: 'bench',
  about:
    'Times a model on this machine: its cold start, its first run, and its warm runs with the processor time of each. A Keras or TF.js model is exported in memory and timed unfolded and folded. Several models run in turn, so that whatever slows the machine down meets them alike.',
  operands: ['MODEL'],
  options: {
    against: { value: 'OTHER.onnx', help: 'time this model too, on the same inputs' },
    provider: { value: 'P', help: `one of ${PROVIDERS.join(', ')} (default cpu)` },
    batch: { value: 'N,N,…', help: 'batch sizes (default 1, or what the model fixes)' },
    seconds: { value: 'S', help: `how long to time each batch size (default ${DEFAULT_SECONDS})` },
    threads: { value: 'N', help: 'threads inside an operator (default: what suits the model)' },
    range,
    indices,
    dim,
    ...CUSTOM_LAYERS_OPTION,
    'max-bytes': LIMIT_OPTIONS['max-bytes'],
  },
  examples: [
    ['edgefold bench model.keras --batch 1,32,256', 'what does folding gain?'],
    ['edgefold bench model.onnx --against model.folded.onnx', 'the same of two files'],
    ['edgefold bench model.onnx --provider webgpu --json', 'on the GPU, for a program to read'],
  ],
  notes: [
    'Each cold start and all warm runs together have a process of their own; the first tenth of the warm runs is not counted. The speed is how many times as fast a model is as the first one, by the medians.',
  ],
  run,
};

async function run(args: Arguments, progress: Progress): Promise<Outcome> {
  const order = await orderOf(args);
  const seconds = secondsOf(args);
  const contenders = await contendersFor(args.operand(0), args.text('against'), {
    customLayers: await customLayersOf(args),
    ...limitsOf(args),
  });
  progress.expect(contenders.length + 1);
  const models: BenchModelJson[] = [];
  for (const { name, model, sizeBytes } of contenders) {
    progress.step(`starting ${name}`);
    const { report, firstMs } = await measureApart({ ...order, models: [model] }, name);
    models.push({ name, sizeBytes, cold: { runtimeMs: report.ms.runtime, createMs: report.ms.create, firstMs } });
  }
  progress.step('measuring');
  const names = contenders.map(({ name }) => name).join(', ');
  const measured = await measureApart({ ...order, models: contenders.map(({ model }) => model), seconds }, names);
  const { used: provider, threads, runtime } = measured.report;
  const document: BenchDocument = {
    provider,
    threads,
    runtime: { package: runtime.package, version: runtime.version },
    seconds,
    models,
    warm: rowsOf(measured, contenders),
  };
  return { document, table: () => benchText(document), exitCode: 0 };
}

const rowsOf = ({ rows }: Measured, contenders: readonly Contender[]): readonly BenchRowJson[] =>
  rows.flatMap(({ batch, timings }) =>
    timings.map((timing, i) => ({
      batch,
      model: contenders[i]!.name,
      ...timing,
      speedup: timings[0]!.p50Ms / timing.p50Ms,
    })),
  );

async function orderOf(args: Arguments): Promise<Omit<Order, 'models'>> {
  const { floatRange, integerRange, symbols } = await paritySettings(args);
  const provider = providerOf(args);
  const threads = args.integer('threads', [1, 1024]);
  const batches = batchesOf(args);
  return {
    options: { ...(provider && { provider }), ...(threads !== undefined && { threads }) },
    inputs: { ...(floatRange && { floatRange }), ...(integerRange && { integerRange }), ...(symbols && { symbols }) },
    ...(batches && { batches }),
  };
}

function providerOf(args: Arguments): Provider | undefined {
  const text = args.text('provider');
  const provider = PROVIDERS.find((name) => name === text);
  if (text === undefined || provider) return provider;
  throw badValue('provider', `one of ${PROVIDERS.join(', ')}`, text);
}

function secondsOf(args: Arguments): number {
  const seconds = args.number('seconds') ?? DEFAULT_SECONDS;
  if (seconds > 0 && seconds <= MOST_SECONDS) return seconds;
  throw badValue('seconds', `more than 0, at most ${MOST_SECONDS}`, String(seconds));
}

function batchesOf(args: Arguments): readonly number[] | undefined {
  const text = args.text('batch');
  if (text === undefined) return undefined;
  const sizes = text.split(',').map((part) => (/^\d+$/.test(part) ? Number(part) : NaN));
  if (sizes.length <= MOST_BATCHES && sizes.every((size) => size >= 1 && size <= LARGEST_BATCH)) return sizes;
  throw badValue('batch', `at most ${MOST_BATCHES} whole numbers from 1 to ${LARGEST_BATCH}, such as 1,32`, text);
}
