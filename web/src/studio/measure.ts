import { generateSamples, load, type Inputs, type Model, type Provider } from 'edgefold/web';
import type { Speed, Timing } from './protocol.ts';

const MEASURED_MS = 1500;
const MOST_RUNS = 400;
const FEWEST_RUNS = 5;

/**
 * Creates both models anew, runs each once, then both in turn: whatever slows the machine down meets them alike.
 * The first run, which compiles shaders and touches memory, is a number of its own.
 */
export async function measureBoth(
  models: { readonly unfolded: Uint8Array; readonly folded: Uint8Array },
  provider: Provider,
): Promise<Speed> {
  const options = { provider, warmup: 0 };
  await using unfolded = await load(models.unfolded, options);
  const created = performance.now();
  await using folded = await load(models.folded, options);
  const createMs = performance.now() - created;
  const [inputs = {}] = generateSamples(folded.inputs, { samples: 1 });
  await unfolded.run(inputs);
  const firstMs = await timeOf(folded, inputs);
  const times = { unfolded: [] as number[], folded: [] as number[] };
  const end = performance.now() + MEASURED_MS;
  for (let run = 0; run < MOST_RUNS && (run < FEWEST_RUNS || performance.now() < end); run++) {
    const [a, b] = run % 2 === 0 ? (['unfolded', 'folded'] as const) : (['folded', 'unfolded'] as const);
    for (const form of [a, b]) times[form].push(await timeOf(form === 'folded' ? folded : unfolded, inputs));
  }
  const { report } = folded;
  return { provider, report, createMs, firstMs, unfolded: timing(times.unfolded), folded: timing(times.folded) };
}

async function timeOf(model: Model, inputs: Inputs): Promise<number> {
  const start = performance.now();
  await model.run(inputs);
  return performance.now() - start;
}

function timing(ms: readonly number[]): Timing {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { runs: sorted.length, minMs: at(0), p50Ms: at(0.5), p95Ms: at(0.95) };
}
