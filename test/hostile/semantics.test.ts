import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EdgefoldError } from '../../src/errors.ts';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { evaluate } from '../../src/onnx/evaluate/evaluate.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { corpus } from './corpus.ts';
import type { HostileFile } from './hostile-file.ts';
import { X } from './write/onnx-file.ts';

/**
 * Kinds that can be read in more than one way: repeated singular fields, packed and unpacked lists, odd names and
 * versions, values made twice, shadowed names, foreign operators, bytes too many, two fields of data, unknown dtypes.
 */
const KINDS: ReadonlySet<number> = new Set([6, 9, 10, 11, 14, 17, 18, 19, 20, 25, 26, 31, 32, 33, 53, 54, 55, 58, 59, 63]); // prettier-ignore
const MAX_BYTES = 2 ** 16;
const TOLERANCE = 1e-5;
/**
 * ONNX lets a function of the model take the place of a standard operator of its name; onnxruntime 1.30 computes the
 * standard one. Such a node is left as it is, so that it means to each what it meant.
 */
const READ_OTHERWISE: readonly string[] = ['a function of the model in the place of BatchNormalization'];
const WORKER = fileURLToPath(new URL('onnxruntime-worker.ts', import.meta.url));

type Run = { readonly y: readonly string[] } | { readonly refused: string };

/** One file, as we read it and as it is written again and folded, and what onnxruntime makes of each. */
interface Case {
  readonly file: HostileFile;
  readonly ours: Run;
  readonly theirs: Run;
  readonly ofRewritten?: Run;
  readonly ofFolded?: Run;
}

const label = ({ file }: Case) => `${file.kind}: ${file.name}`;

async function oursOf(graph: Graph): Promise<Run> {
  const names = graph.inputs.filter(({ constant }) => !constant).map(({ name }) => name);
  const outputs = await evaluate(graph, Object.fromEntries(names.map((name) => [name, X])));
  return { y: Array.from([...outputs.values()][0]!.data, String) };
}

/** What we make of a file: it, rewritten and folded, or the error of ours with which it is refused. */
async function readAndWritten(bytes: Uint8Array): Promise<{ ours: Run; rewritten?: Uint8Array; folded?: Uint8Array }> {
  try {
    const graph = readOnnx(bytes);
    const ours = await oursOf(graph);
    return { ours, rewritten: writeOnnx(graph), folded: writeOnnx(foldGraph(graph).graph) };
  } catch (fault) {
    if (!(fault instanceof EdgefoldError)) throw fault;
    return { ours: { refused: fault.message } };
  }
}

function runAll(models: readonly Uint8Array[], folder: string): Run[] {
  mkdirSync(folder, { recursive: true });
  const paths = models.map((bytes, index) => {
    const path = join(folder, `${index}.onnx`);
    writeFileSync(path, bytes);
    return path;
  });
  const lines = execFileSync(process.execPath, ['--import', 'tsx', WORKER, ...paths], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }); // prettier-ignore
  return lines.trim().split('\n').map((line) => JSON.parse(line) as Run); // prettier-ignore
}

/** Which of the values that are not finite comes out depends on the order of the arithmetic, which nothing fixes. */
function agree(a: Run, b: Run): boolean {
  if (!('y' in a) || !('y' in b) || a.y.length !== b.y.length) return false;
  return a.y.every((text, i) => close(Number(text), Number(b.y[i])));
}

const close = (a: number, b: number): boolean =>
  Number.isFinite(a) ? Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a)) : !Number.isFinite(b);

const shown = (run: Run | undefined) => JSON.stringify(run).slice(0, 300);

describe('an ONNX file that can be read in more than one way', () => {
  const top = mkdtempSync(join(tmpdir(), 'edgefold-semantics-'));
  let cases: Case[];

  beforeAll(async () => {
    const made = corpus().filter(({ kind, format }) => format === 'onnx' && KINDS.has(kind)).map((file) => ({ file, bytes: file.make()[file.main] as Uint8Array })).filter(({ bytes }) => bytes instanceof Uint8Array && bytes.length < MAX_BYTES); // prettier-ignore
    const written = await Promise.all(made.map(async ({ bytes }) => readAndWritten(bytes)));
    const models = made.flatMap(({ bytes }, i) => [bytes, written[i]!.rewritten, written[i]!.folded]).filter((each) => each !== undefined); // prettier-ignore
    const runs = runAll(models, top);
    cases = made.map(({ file }, i) => {
      const { ours, rewritten } = written[i]!;
      const theirs = runs.shift()!;
      return rewritten ? { file, ours, theirs, ofRewritten: runs.shift()!, ofFolded: runs.shift()! } : { file, ours, theirs }; // prettier-ignore
    });
  }, 120_000);

  afterAll(() => {
    rmSync(top, { recursive: true });
  });

  test('is of many sorts: read by both, refused by both, and refused by us alone', () => {
    const count = (isOurs: boolean, isTheirs: boolean) => cases.filter(({ ours, theirs }) => 'y' in ours === isOurs && 'y' in theirs === isTheirs).length; // prettier-ignore
    expect(count(true, true)).toBeGreaterThan(30);
    expect(count(false, false)).toBeGreaterThan(30);
    expect(count(false, true)).toBeGreaterThan(5);
  });

  test('means to us what it means to onnxruntime, or is refused', () => {
    const wrong = cases.filter(({ ours, theirs }) => 'y' in ours && 'y' in theirs && !agree(ours, theirs));
    expect(wrong.filter(({ file }) => READ_OTHERWISE.includes(file.name))).toHaveLength(READ_OTHERWISE.length);
    const unexpected = wrong.filter(({ file }) => !READ_OTHERWISE.includes(file.name));
    expect(unexpected.map((each) => `${label(each)}: ${shown(each.ours)} ${shown(each.theirs)}`)).toEqual([]);
  });

  test('means the same to onnxruntime when we have written it again', () => {
    const wrong = cases.filter(({ theirs, ofRewritten }) => 'y' in theirs && ofRewritten && !agree(theirs, ofRewritten)); // prettier-ignore
    expect(wrong.map((each) => `${label(each)}: ${shown(each.theirs)} ${shown(each.ofRewritten)}`)).toEqual([]);
  });

  test('means the same to onnxruntime when we have folded it', () => {
    const wrong = cases.filter(({ theirs, ofFolded }) => 'y' in theirs && ofFolded && !agree(theirs, ofFolded));
    expect(wrong.map((each) => `${label(each)}: ${shown(each.theirs)} ${shown(each.ofFolded)}`)).toEqual([]);
  });
});
