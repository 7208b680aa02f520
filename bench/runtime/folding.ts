import { bench, type Timing } from '../../src/runtime/bench.ts';
import { load } from '../../src/runtime/node.ts';
import { asked, cpuMs, record, rounded } from './record.ts';
import { SEED_SHAPE, seedModel, unfoldedSeedModel } from './seed.ts';

/**
 * The digit model unfolded and folded, both with all optimisations of onnxruntime, run in turn:
 * `tsx bench/runtime/folding.ts [--quick]`.
 */
const seconds = asked().quick ? 0.3 : 20;

await using unfolded = await load(await unfoldedSeedModel());
await using folded = await load(await seedModel());
const name = folded.inputs[0]!.name;

for (const batch of [1, 32, 256]) {
  const data = Float32Array.from({ length: batch * 28 * 28 }, (_, i) => (i % 255) / 255);
  const inputs = { [name]: { data, shape: [batch, ...SEED_SHAPE.slice(1)] } };
  const timings = await bench({ unfolded, folded }, inputs, { seconds, cpuMs });
  const speedup = rounded({
    min: timings.unfolded.minMs / timings.folded.minMs,
    p50: timings.unfolded.p50Ms / timings.folded.p50Ms,
    cpu: timings.unfolded.cpuMs! / timings.folded.cpuMs!,
  });
  console.log(
    `batch ${String(batch).padStart(3)}: unfolded ${timings.unfolded.p50Ms.toFixed(4)} ms, folded ${timings.folded.p50Ms.toFixed(4)} ms; ${speedup.min.toFixed(2)}× by the minimum, ${speedup.p50.toFixed(2)}× by the median, ${speedup.cpu.toFixed(2)}× by processor time`,
  );
  const [before, after] = [timings.unfolded, timings.folded].map((timing) => rounded(timing as Required<Timing>));
  record('folding', { batch, unfolded: before, folded: after, speedup });
}
