import type { BenchDocument } from './json.ts';
import { bytesText, countText, numberText, plural } from './quantities.ts';
import { table } from './table.ts';
import { safe } from './terminal.ts';

const DIGITS = 3;
const ms = (value: number): string => `${numberText(value, DIGITS)} ms`;

/** Two tables: the cold starts, and the warm runs. */
export function benchText(document: BenchDocument): string {
  const { provider, threads, runtime, models, warm } = document;
  const cold = models.map(({ name, sizeBytes, cold: { runtimeMs, createMs, firstMs } }) => [
    safe(name),
    bytesText(sizeBytes),
    ...[runtimeMs, createMs, firstMs].map(ms),
  ]);
  const rows = warm.map(({ batch, model, runs, minMs, p50Ms, p95Ms, cpuMs, speedup }) => [
    countText(batch),
    safe(model),
    ...[minMs, p50Ms, p95Ms].map(ms),
    cpuMs === undefined ? '' : ms(cpuMs),
    countText(runs),
    ...(models.length > 1 ? [`${speedup.toFixed(2)}×`] : []),
  ]);
  const relative = models.length > 1 ? ['speed'] : [];
  return [
    `${provider}, ${plural(threads, 'thread')}, ${safe(runtime.package)} ${safe(runtime.version)}`,
    table(['cold start', 'size', 'runtime', 'session', 'first run'], cold, { right: [1, 2, 3, 4] }),
    table(['batch', 'model', 'min', 'p50', 'p95', 'processor', 'runs', ...relative], rows, {
      right: [0, 2, 3, 4, 5, 6, 7],
    }),
  ].join('\n\n');
}
