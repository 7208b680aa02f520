import { mkdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { EdgefoldError } from '../../errors.ts';
import { writeFileWhole, writeModelFiles } from '../../files/write.ts';
import type { Bisection } from '../../parity/bisect.ts';
import type { Cut } from '../../parity/audit/cut.ts';
import type { Tensor } from '../../tensor.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, Outcome } from '../command.ts';
import { writeNpy } from '../inputs/npy.ts';
import type { BisectDocument } from '../json.ts';
import { LIMIT_OPTIONS, limitsOf } from '../limits.ts';
import { onnxSource, type OnnxSource } from '../onnx-source.ts';
import { checkOutput } from '../output-file.ts';
import { PARITY_OPTIONS, paritySettings, type ParitySettings } from '../parity-check.ts';
import type { Progress } from '../progress.ts';
import { countText, numberText, plural } from '../quantities.ts';
import { startRuntime } from '../runtime.ts';
import { heldSignals } from '../signals.ts';
import { columns } from '../table.ts';
import { safe, styles } from '../terminal.ts';

const { samples, seed, range, indices, dim } = PARITY_OPTIONS;

export const bisectCommand: Command = {
  verb: 'bisect',
  about:
    'Finds the first tensor in which two ONNX files differ by more than rounding can explain, and saves both ways of computing it as small models of their own, with their inputs. Exit code 0 when there is none, 2 when one was found or not all could be judged.',
  operands: ['A.onnx', 'B.onnx'],
  options: {
    output: { short: 'o', value: 'FOLDER', help: 'where to write what is found (default: B.bisect beside B.onnx)' },
    force: { help: 'replace files that are in the folder' },
    samples,
    seed,
    range,
    indices,
    dim,
    ...LIMIT_OPTIONS,
  },
  examples: [['edgefold bisect model.onnx model.folded.onnx', 'where does the second go wrong?']],
  run: bisectFiles,
};

async function bisectFiles(args: Arguments, progress: Progress): Promise<Outcome> {
  const settings = await paritySettings(args);
  await startRuntime();
  const [reference, candidate] = await bothOf(args);
  const folder = args.text('output') ?? folderBeside(candidate.file.path);
  progress.expect(1);
  progress.step('comparing');
  const found = await bisectPair(reference, candidate, settings, progress);
  const document = {
    reference: args.operand(0),
    candidate: args.operand(1),
    ...(await told(found, { folder, force: args.flag('force'), inputs: [reference, candidate] })),
  };
  return { document, table: () => bisectText(document), exitCode: found.verdict === 'none' ? 0 : 2 };
}

const bothOf = (args: Arguments) =>
  Promise.all([onnxSource(args.operand(0), limitsOf(args)), onnxSource(args.operand(1), limitsOf(args))]);

function folderBeside(path: string | undefined): string {
  if (path !== undefined) return join(dirname(path), `${basename(path, extname(path))}.bisect`);
  throw new EdgefoldError('USAGE', 'a model from standard input has no name to write under', {
    hint: 'Give a folder with -o FOLDER.',
  });
}

async function bisectPair(
  reference: OnnxSource,
  candidate: OnnxSource,
  settings: ParitySettings,
  progress: Progress,
): Promise<Bisection> {
  const [{ bisect }, { generateSamples }, { vocabulariesOf }, { load }] = await Promise.all([
    import('../../parity/bisect.ts'),
    import('../../parity/samples.ts'),
    import('../../parity/vocabularies.ts'),
    import('../runtime.ts'),
  ]);
  const model = await load(reference.model, { optimization: 'disabled' });
  const generated = generateSamples(model.inputs, { ...settings, words: vocabulariesOf(reference.graph) });
  await model.dispose();
  const { externalData } = reference;
  const onProgress = (done: number, total: number) => {
    progress.part(done, total);
  };
  const graphs = { reference: reference.graph, candidate: candidate.graph };
  return bisect({ load, ...graphs, samples: generated, onProgress, ...(externalData && { externalData }) });
}

interface Target {
  readonly folder: string;
  readonly force: boolean;
  readonly inputs: readonly OnnxSource[];
}

async function told(found: Bisection, target: Target): Promise<Omit<BisectDocument, 'reference' | 'candidate'>> {
  if (found.verdict !== 'found') return found;
  const { verdict, site, before, sites, reference, candidate } = found;
  return { verdict, sites, before, site, written: await heldSignals(() => save({ reference, candidate }, target)) };
}

/** Files are named by what they are: names of tensors come from a file, and could lead anywhere. */
async function save(
  cuts: Record<'reference' | 'candidate', Cut>,
  { folder, force, inputs }: Target,
): Promise<NonNullable<BisectDocument['written']>> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new EdgefoldError('FILE', 'the folder cannot be made', { where: folder, cause });
  });
  const read = inputs.flatMap(({ file }) => [...file.pathsRead]);
  const given = new Map<string, Tensor>([...cuts.reference.inputs, ...cuts.candidate.inputs]);
  const tensors = [...given].map(([name, tensor], i) => ({ name, tensor, path: join(folder, `input-${i}.npy`) }));
  const models = { reference: join(folder, 'reference.onnx'), candidate: join(folder, 'candidate.onnx') };
  for (const path of [...Object.values(models), ...tensors.map((tensor) => tensor.path)])
    await checkOutput(path, read, force);
  for (const [i, side] of (['reference', 'candidate'] as const).entries()) {
    const { externalData } = inputs[i]!;
    await writeModelFiles(models[side], cuts[side].graph, { force, ...(externalData && { externalData }) });
  }
  for (const { path, tensor } of tensors) await writeFileWhole(path, writeNpy(tensor), { force });
  return { ...models, inputs: tensors.map(({ name, path }) => ({ name, path })) };
}

function bisectText({ verdict, reason, sites, before = 0, site, written }: BisectDocument): string {
  const { green, red, yellow } = styles(process.stdout, process.env);
  if (!site || !written) {
    const text = `${verdict === 'none' ? 'nothing found' : 'not all could be judged'}: ${safe(reason ?? '')}`;
    return verdict === 'none' ? green(text) : yellow(text);
  }
  const { outputs, folds, worst, violations, elements, operators } = site;
  const facts = [
    ['site', `${countText(before + 1)} of ${plural(sites, 'site')} in which the models differ; those before it are right`],
    ...(folds.length > 0 ? [['folded', folds.map(safe).join(', ')]] : []),
    ['operators', `${operators.unfolded.map(safe).join(' ')} → ${operators.folded.map(safe).join(' ')}`],
    ['wrong', `${countText(violations)} of ${plural(elements, 'element')}`],
    ...(worst ? [['worst', `[${worst.index.join(', ')}]: ${numberText(worst.folded)}, reference ${numberText(worst.unfolded)}, exact ${numberText(worst.exact)}, bound ±${numberText(worst.bound)}`]] : []),
    ['models', written.reference],
    ['', written.candidate],
    ...written.inputs.map(({ name, path }, i) => [i === 0 ? 'inputs' : '', `${path} (${safe(name)})`]),
  ]; // prettier-ignore
  return [red(`found: ${outputs.map(safe).join(', ')} differs by more than rounding`), columns(facts, { indent: 2 })].join('\n'); // prettier-ignore
}
