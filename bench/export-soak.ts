import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EdgefoldError } from '../src/errors.ts';
import { foldGraph } from '../src/fold/fold-graph.ts';
import { writeFileWhole } from '../src/files/write.ts';
import { exportModel, readOnnxFile, writeModelFiles } from '../src/node.ts';
import { asked, record } from './runtime/record.ts';
import { slope } from './runtime/slope.ts';

/**
 * Memory, open files and files over many exports in one process, and over as many failures:
 * `node --expose-gc --import tsx bench/export-soak.ts [--dry-run] [EXPORTS]` (1,000).
 * The growth per export is the slope of the line through the heap and array buffers in use; the first fifth is not
 * counted. A control that keeps its graphs has to be caught.
 */
const { words } = asked();
const wanted = Number(words[0] ?? 1000);
const CONTROLS = Math.min(Math.ceil(wanted / 2), 100);
/** What the process itself takes until it has warmed up, spread over the exports, and what a long run may grow by. */
const LIMIT_BYTES = Math.max(4096, 2 ** 21 / wanted);
const EVERY = wanted < 200 ? 5 : 20;
const DIGITS = fileURLToPath(new URL('../models/digits/norm-before-activation/', import.meta.url));

const { gc } = globalThis as { gc?: () => void };
if (!gc) throw new Error('start it with --expose-gc');
const folder = mkdtempSync(join(tmpdir(), 'edgefold-soak-'));
const inputs = mkdtempSync(join(tmpdir(), 'edgefold-soak-'));
const cut = (name: string) => new Uint8Array(readFileSync(join(DIGITS, name)).subarray(0, 20_000));
const CUT = [cut('model.keras'), cut('model.h5')];

/** Two ONNX files, one of them with its weights beside it. */
async function onnxFiles(): Promise<string[]> {
  const { graph } = await exportModel(join(DIGITS, 'model.keras'));
  const paths = ['inline.onnx', 'external.onnx'].map((name) => join(inputs, name));
  await writeModelFiles(paths[0]!, graph);
  await writeModelFiles(paths[1]!, graph, { maxInlineBytes: 0 });
  return paths;
}

const read = async (path: string) => path.endsWith('.onnx') ? readOnnxFile(path) : (await exportModel(path)).graph; // prettier-ignore

async function once(source: string, i: number): Promise<unknown> {
  const folded = foldGraph(await read(source)).graph;
  const path = join(folder, `${i % 3}.onnx`);
  const external = i % 3 === 0 && { maxInlineBytes: 0 };
  await writeModelFiles(path, folded, { force: true, removeReplacedData: true, ...external });
  await Promise.all([
    expectFault(() => writeFileWhole(path, half(), { force: true })),
    expectFault(() => writeFileWhole(path, [new Uint8Array(1)])),
    expectFault(() => exportModel(CUT[i % 2]!)),
  ]);
  return folded;
}

function* half(): Generator<Uint8Array> {
  yield new Uint8Array(2 ** 20);
  throw new EdgefoldError('FILE', 'stop');
}

async function expectFault(work: () => Promise<unknown>): Promise<void> {
  const fault: unknown = await work().then(() => undefined, (error: unknown) => error); // prettier-ignore
  if (!(fault instanceof EdgefoldError)) throw new Error('it did not fail as it should', { cause: fault });
}

const NAMES = ['heap', 'resident', 'open', 'files'] as const;
type Figures = Readonly<Record<(typeof NAMES)[number], number>>;

function figuresNow(): Figures {
  gc!();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  const open = readdirSync('/proc/self/fd').length;
  return { heap: heapUsed + arrayBuffers, resident: rss, open, files: readdirSync(folder).length };
}

/** What each export adds, and the figures at the end. */
async function soak(sources: readonly string[], count: number, keep: (made: unknown) => void) {
  const points: { readonly i: number; readonly figures: Figures }[] = [];
  for (let i = 1; i <= count; i++) {
    keep(await once(sources[i % sources.length]!, i));
    if (i % EVERY === 0 && i > count / 5) points.push({ i, figures: figuresNow() });
  }
  const growth = NAMES.map((name) => [name, slope(points.map(({ i, figures }) => [i, figures[name]]))] as const);
  return { growth: Object.fromEntries(growth) as Figures, end: points.at(-1)!.figures };
}

const text = ({ heap, resident, open, files }: Figures) => `${heap.toFixed(0)} bytes in use, ${resident.toFixed(0)} resident, ${open.toFixed(4)} open files, ${files.toFixed(4)} files`; // prettier-ignore

try {
  const keras = ['model.keras', 'model.h5', 'model-keras2.h5', 'tfjs', 'tfjs-uint8'].map((name) => join(DIGITS, name));
  const sources = [...keras, ...(await onnxFiles())];
  const start = performance.now();
  const { growth, end } = await soak(sources, wanted, () => undefined);
  const seconds = Math.round((performance.now() - start) / 1000);
  const kept: unknown[] = [];
  const control = await soak(sources, CONTROLS, (made) => kept.push(made));
  console.log(`${wanted} exports and ${3 * wanted} failures in ${seconds} s; growth for each: ${text(growth)}`);
  console.log(`at the end: ${text(end)}; growth of a control that keeps its graphs: ${text(control.growth)}`);
  const isFlat = growth.heap < LIMIT_BYTES && Math.abs(growth.open) < 0.001 && Math.abs(growth.files) < 0.001;
  process.exitCode = isFlat && control.growth.heap > LIMIT_BYTES ? 0 : 1;
  const figures = Object.fromEntries(NAMES.map((name) => [`${name}PerExport`, Number(growth[name].toPrecision(4))]));
  record('export-soak', { exports: wanted, failures: 3 * wanted, seconds, ...figures, heapPerKeptGraph: Math.round(control.growth.heap) }, 'reliability'); // prettier-ignore
} finally {
  for (const each of [folder, inputs]) rmSync(each, { recursive: true });
}
