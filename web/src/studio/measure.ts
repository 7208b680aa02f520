import { bench, generateSamples, type Provider } from 'edgefold/web';
import type { Speed } from './protocol.ts';
import type { Work } from './work.ts';

const MEASURED_S = 1.5;

/** Creates both models anew, runs each once, which compiles shaders and touches memory, then both in turn. */
export async function measureBoth(work: Work, provider: Provider): Promise<Speed> {
  const load = work.on(provider);
  const options = { warmup: 0 };
  await using unfolded = await load(work.bytes.unfolded, options);
  const created = performance.now();
  await using folded = await load(work.bytes.folded, options);
  const createMs = performance.now() - created;
  const [inputs = {}] = generateSamples(folded.inputs, { samples: 1 });
  await unfolded.run(inputs);
  const start = performance.now();
  await folded.run(inputs);
  const firstMs = performance.now() - start;
  const timings = await bench({ unfolded, folded }, inputs, { seconds: MEASURED_S });
  return { provider, report: folded.report, createMs, firstMs, ...timings };
}
