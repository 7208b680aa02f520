import { foldGraph } from '../src/fold/fold-graph.ts';
import { readOnnx } from '../src/onnx/read.ts';
import { writeOnnx } from '../src/onnx/write.ts';
import { chain } from './networks.ts';

/** How the time of reading, folding and writing grows with the graph; see bench/README.md. */
const SIZES = [1000, 10_000, 30_000];
const RUNS = 5;

/** Processor time in ms, the least of several runs: what other processes do does not count. */
function cpuMs(work: () => unknown): number {
  const times = Array.from({ length: RUNS }, () => {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

const models = SIZES.map((size) => ({ size, bytes: writeOnnx(chain(size)) }));
// The first run of all compiles.
for (let run = 0; run < 3; run++) writeOnnx(foldGraph(readOnnx(models[0]!.bytes)).graph);
for (const { size, bytes } of models) {
  const graph = readOnnx(bytes);
  const { graph: folded } = foldGraph(graph);
  const parts = {
    read: cpuMs(() => readOnnx(bytes)),
    fold: cpuMs(() => foldGraph(graph)),
    write: cpuMs(() => writeOnnx(folded)),
  };
  const perNode = Object.entries(parts).map(([name, ms]) => `${name} ${((1000 * ms) / size).toFixed(1)}`);
  console.log(`${String(size).padStart(6)} nodes: ${perNode.join(', ')} µs per node`);
}
