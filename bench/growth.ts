import { foldGraph } from '../src/fold/fold-graph.ts';
import { readOnnx } from '../src/onnx/read.ts';
import { writeOnnx } from '../src/onnx/write.ts';
import { SHAPES, type Shape } from './growth-shapes.ts';
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

/** How long each part takes for one node. */
function perNode(shape: Shape, size: number): string {
  const bytes = writeOnnx(shape(size));
  const graph = readOnnx(bytes);
  const { graph: folded } = foldGraph(graph);
  const parts = {
    read: cpuMs(() => readOnnx(bytes)),
    fold: cpuMs(() => foldGraph(graph)),
    write: cpuMs(() => writeOnnx(folded)),
  };
  const each = Object.entries(parts).map(([name, ms]) => `${name} ${((1000 * ms) / size).toFixed(1)}`);
  return `${String(size).padStart(6)} nodes: ${each.join(', ')} µs per node`;
}

// The first run of all compiles.
perNode(chain, SIZES[0]!);
for (const size of SIZES) console.log(perNode(chain, size));
// With `all`, every shape in which graphs grow.
for (const [name, shape] of process.argv[2] === 'all' ? Object.entries(SHAPES) : []) {
  console.log(name);
  for (const size of SIZES.slice(0, 2)) console.log(perNode(shape, size));
}
