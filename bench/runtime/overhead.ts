import { load } from '../../src/runtime/node.ts';
import { asked, record, rounded } from './record.ts';
import { SEED_SHAPE, seedModel } from './seed.ts';

/**
 * What `run()` and `bind()` cost beside the same session called directly, at batch 1, in processor time: rounds of
 * each in turn, so that whatever else the machine does falls on all of them: `tsx bench/runtime/overhead.ts [--quick]`.
 */
const ROUNDS = asked().quick ? 6 : 60;
const RUNS = 300;

const bytes = await seedModel();
await using model = await load(bytes);
const ort = await import('onnxruntime-node');
const session = await ort.InferenceSession.create(bytes, {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  extra: { session: { intra_op: { allow_spinning: '0' } } },
});
const name = model.inputs[0]!.name;
const data = new Float32Array(28 * 28).fill(0.5);
const feeds = { [name]: new ort.Tensor('float32', data, SEED_SHAPE) };
const inputs = { [name]: data };
const bound = await model.bind({ [name]: SEED_SHAPE });
const ways: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['onnxruntime-node', () => session.run(feeds)],
  ['run()', () => model.run(inputs)],
  ['bind()', () => bound.run()],
];

const times = new Map<string, number[]>(ways.map(([way]) => [way, []]));
for (const [, call] of ways) for (let i = 0; i < 3000; i++) await call();
for (let round = 0; round < ROUNDS; round++) {
  for (const [way, call] of ways) {
    const start = process.cpuUsage();
    for (let i = 0; i < RUNS; i++) await call();
    const { user, system } = process.cpuUsage(start);
    times.get(way)!.push((user + system) / RUNS);
  }
}
const quantile = (way: string, share: number) =>
  [...times.get(way)!].sort((a, b) => a - b)[Math.floor(share * ROUNDS)]!;
for (const [way] of ways) {
  const beside = (share: number) =>
    `${((quantile(way, share) / quantile('onnxruntime-node', share) - 1) * 100).toFixed(1)} %`;
  const row = [0, 0.25, 0.5].map((share) => `${quantile(way, share).toFixed(2)} µs (${beside(share)})`);
  console.log(`${way.padEnd(18)} min ${row[0]!}, p25 ${row[1]!}, p50 ${row[2]!}`);
  const figures = { minCpuUs: quantile(way, 0), p25CpuUs: quantile(way, 0.25), p50CpuUs: quantile(way, 0.5) };
  record('overhead', { model: 'digits', batch: 1, way, runs: ROUNDS * RUNS, ...rounded(figures) });
}
await session.release();
