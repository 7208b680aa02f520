import { foldGraph } from '../src/fold/fold-graph.ts';
import { readOnnx } from '../src/onnx/read.ts';
import { writeOnnx } from '../src/onnx/write.ts';
import { SHAPES, type Shape } from './growth-shapes.ts';
import { chain } from './networks.ts';

/** How the time of reading, folding and writing grows with the graph; see bench/README.md. */
const SIZES = [1000, 10_000, 30_000];
const RUNS = 5;

/** Small graphs are done so often that as much memory is collected as for large ones. */
const NODES_PER_RUN = 10_000;

/** Processor time in µs for one node, the least of several runs: what other processes do does not count. */
function cpuPerNode(size: number, work: () => unknown): number {
  const repeats = Math.max(1, NODES_PER_RUN / size);
  const times = Array.from({ length: RUNS }, () => {
    const start = process.cpuUsage();
    for (let count = 0; count < repeats; count++) work();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / (size * repeats);
  });
  return Math.min(...times);
}

/** How long each part takes for one node. */
function perNode(shape: Shape, size: number): string {
  const bytes = writeOnnx(shape(size));
  const graph = readOnnx(bytes);
  const { graph: folded } = foldGraph(graph);
  const parts = {
    read: cpuPerNode(size, () => readOnnx(bytes)),
    fold: cpuPerNode(size, () => foldGraph(graph)),
    write: cpuPerNode(size, () => writeOnnx(folded)),
  };
  const each = Object.entries(parts).map(([name, us]) => `${name} ${us.toFixed(1)}`);
  return `${String(size).padStart(6)} nodes: ${each.join(', ')} µs per node`;
}

// The first run of all compiles.
perNode(chain, SIZES[0]!);
for (const size of SIZES) console.log(perNode(chain, size));
// With `all`, every shape in which graphs grow; otherwise those named.
const [, , ...asked] = process.argv;
for (const [name, shape] of Object.entries(SHAPES)) {
  if (!asked.includes('all') && !asked.includes(name)) continue;
  console.log(name);
  for (const size of SIZES.slice(0, 2)) console.log(perNode(shape, size));
}
