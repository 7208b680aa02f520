import type { Model } from '../../src/runtime/model.ts';
import { load } from '../../src/runtime/node.ts';
import { perceptron, randomLayers } from '../../test/support/runnable-models.ts';
import { asked, record } from './record.ts';
import { slope } from './slope.ts';

/**
 * Memory over cycles of load, run and dispose: `node --expose-gc --max-semi-space-size=1 --import tsx
 * bench/runtime/soak.ts [--quick] [CYCLES]` (10,000). Otherwise V8 takes up to 48 MiB for new objects in three steps, at
 * cycles of its own choice, and what grows is that.
 * The growth per cycle is the slope of the line through the resident memory after each hundredth cycle; the first
 * fifth is not counted. A control that keeps its models has to be caught.
 */
const { quick, words } = asked();
const cycles = Number(words[0] ?? (quick ? 4000 : 10_000));
const LIMIT_BYTES = 1024;
const EVERY = 100;

const bytes = perceptron(randomLayers([64, 64, 8], 1));
const { gc } = globalThis as { gc?: () => void };
if (!gc) throw new Error('start it with --expose-gc');

async function bytesPerCycle(count: number, end: (model: Model) => Promise<unknown>): Promise<number> {
  const points: (readonly [number, number])[] = [];
  for (let cycle = 1; cycle <= count; cycle++) {
    const model = await load(bytes);
    await model.run({ x: new Float32Array(64) });
    await end(model);
    if (cycle % EVERY > 0) continue;
    gc!();
    if (cycle > count / 5) points.push([cycle, process.memoryUsage.rss()]);
  }
  return slope(points);
}

const disposed = await bytesPerCycle(cycles, (model) => model.dispose());
const kept: Model[] = [];
const leaking = await bytesPerCycle(Math.min(cycles, 2000), (model) => Promise.resolve(kept.push(model)));
console.log(`${cycles} cycles: ${disposed.toFixed(0)} bytes a cycle; kept models: ${leaking.toFixed(0)}`);
process.exitCode = disposed < LIMIT_BYTES && leaking > LIMIT_BYTES ? 0 : 1;
record('soak', { cycles, bytesPerCycle: Math.round(disposed), bytesPerKeptModel: Math.round(leaking) });
