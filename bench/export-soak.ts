import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EdgefoldError } from '../src/errors.ts';
import { foldGraph } from '../src/fold/fold-graph.ts';
import { writeFileWhole } from '../src/files/write.ts';
import { exportModel, writeModelFiles } from '../src/node.ts';
import { slope } from './runtime/slope.ts';

/**
 * Memory, open files and files over many exports in one process, every fourth of which fails:
 * `node --expose-gc --import tsx bench/export-soak.ts [EXPORTS]` (1,000).
 * The growth per export is the slope of the line through the heap and array buffers in use; the first fifth is not counted. A
 * control that keeps its graphs has to be caught.
 */
const LIMIT_BYTES = 4096;
const EVERY = 20;
const DIGITS = fileURLToPath(new URL('../models/digits/norm-before-activation/', import.meta.url));
const SOURCES = ['model.keras', 'model.h5', 'model-keras2.h5', 'tfjs', 'tfjs-uint8'];

const exportsWanted = Number(process.argv[2] ?? 1000);
const { gc } = globalThis as { gc?: () => void };
if (!gc) throw new Error('start it with --expose-gc');
const folder = mkdtempSync(join(tmpdir(), 'edgefold-soak-'));
const filesNow = () => readdirSync(folder).length;
const openNow = () => readdirSync('/proc/self/fd').length;

async function once(i: number): Promise<unknown> {
  const { graph } = await exportModel(join(DIGITS, SOURCES[i % SOURCES.length]!));
  const folded = foldGraph(graph).graph;
  const path = join(folder, `${i % 3}.onnx`);
  await writeModelFiles(path, folded, {
    force: true,
    removeReplacedData: true,
    ...(i % 3 === 0 && { maxInlineBytes: 0 }),
  });
  if (i % 4 === 0) await Promise.all([failing(path), misread()]);
  return folded;
}

function* half(): Generator<Uint8Array> {
  yield new Uint8Array(2 ** 20);
  throw new EdgefoldError('FILE', 'stop');
}

const failing = (path: string) => expectFault(() => writeFileWhole(path, half(), { force: true }));
const cut = readFileSync(join(DIGITS, 'model.keras')).subarray(0, 20_000);
const misread = () => expectFault(() => exportModel(new Uint8Array(cut)));

async function expectFault(work: () => Promise<unknown>): Promise<void> {
  const fault: unknown = await work().then(() => undefined, (error: unknown) => error); // prettier-ignore
  if (!(fault instanceof EdgefoldError)) throw new Error('it did not fail as it should', { cause: fault });
}

interface Growth {
  readonly heap: number;
  readonly resident: number;
  readonly open: number;
  readonly files: number;
}

async function growth(count: number, keep: (made: unknown) => void): Promise<Growth> {
  const points: { x: number; heap: number; resident: number; open: number; files: number }[] = [];
  for (let i = 1; i <= count; i++) {
    keep(await once(i));
    if (i % EVERY > 0 || i <= count / 5) continue;
    gc!();
    const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
    points.push({ x: i, heap: heapUsed + arrayBuffers, resident: rss, open: openNow(), files: filesNow() });
  }
  const of = (name: keyof Growth) => slope(points.map((point) => [point.x, point[name]]));
  return { heap: of('heap'), resident: of('resident'), open: of('open'), files: of('files') };
}

try {
  const flat = await growth(exportsWanted, () => undefined);
  const kept: unknown[] = [];
  const leaking = await growth(Math.min(exportsWanted, 200), (made) => kept.push(made));
  const text = ({ heap, resident, open, files }: Growth) => `${heap.toFixed(0)} bytes in use, ${resident.toFixed(0)} resident, ${open.toFixed(4)} open files, ${files.toFixed(4)} files`; // prettier-ignore
  console.log(
    `${exportsWanted} exports; growth for each: ${text(flat)}; a control that keeps its graphs: ${text(leaking)}`,
  );
  const isFlat = flat.heap < LIMIT_BYTES && flat.open <= 0.001 && flat.files <= 0.001;
  process.exitCode = isFlat && leaking.heap > LIMIT_BYTES ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
