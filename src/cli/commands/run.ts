import { EdgefoldError } from '../../errors.ts';
import type { Model, TensorSpec } from '../../runtime/model.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, Outcome } from '../command.ts';
import { CUSTOM_LAYERS_OPTION, customLayersOf } from '../custom-layers.ts';
import { fitInput } from '../inputs/fit-input.ts';
import type { FittedInput } from '../inputs/fit-tensor.ts';
import { readInputFile, type InputContent } from '../inputs/input-file.ts';
import type { RunDocument } from '../json.ts';
import { LIMIT_OPTIONS, limitsOf } from '../limits.ts';
import { openModel } from '../open-model.ts';
import type { Progress } from '../progress.ts';
import { outputsText } from '../outputs-text.ts';
import { shapeText } from '../quantities.ts';
import { columns } from '../table.ts';
import { safe } from '../terminal.ts';

export const runCommand: Command = {
  verb: 'run',
  about:
    'Runs a model once on the CPU and shows its outputs. A Keras or TF.js model is exported and folded in memory first.',
  operands: ['MODEL'],
  options: {
    input: {
      value: '[NAME=]FILE',
      multiple: true,
      help: 'an input: .npy, .json, IDX (also .gz) or PNG; NAME where the model has several',
    },
    scale: {
      value: 'S',
      help: 'multiply every value by S, such as 1/127.5 (default: 1/255 for pictures in PNG and IDX, else 1)',
    },
    offset: { value: 'O', help: 'then add O (default 0)' },
    take: { value: 'N', help: 'use the first N samples of a file' },
    top: { value: 'K', help: 'show the K largest of each row of class scores (default 5)' },
    ...CUSTOM_LAYERS_OPTION,
    ...LIMIT_OPTIONS,
  },
  examples: [
    ['edgefold run model.onnx --input digit.png', 'which digit is it?'],
    ['edgefold run model.onnx --input photo.png --scale 1/127.5 --offset -1', 'a model trained on −1 … 1'],
    ['edgefold run model.onnx --input t10k-images-idx3-ubyte.gz --take 10', 'the first ten pictures of MNIST'],
  ],
  notes: [
    'A .json file holds nested arrays of numbers, or an object with one such array for each input name.',
    'Nothing is resized, cropped or transposed: an input that does not fit is refused with what is expected.',
  ],
  run,
};

async function run(args: Arguments, progress: Progress): Promise<Outcome> {
  const top = args.integer('top', [1, 1000]) ?? 5;
  const given = args.texts('input');
  progress.expect(3);
  progress.step('loading');
  const { model, name } = await openModel(args.operand(0), {
    customLayers: await customLayersOf(args),
    ...limitsOf(args),
  });
  try {
    progress.step('reading inputs');
    const inputs = await readInputs(given, model, args);
    progress.step('running');
    const outputs = await model.run(Object.fromEntries([...inputs].map(([input, { tensor }]) => [input, tensor])));
    const document: RunDocument = {
      model: name,
      provider: model.report.used,
      inputs: Object.fromEntries(
        [...inputs].map(([input, { path, tensor, notes }]) => [input, { path, shape: tensor.shape, notes }]),
      ),
      outputs: outputs as RunDocument['outputs'],
    };
    return { document, table: () => `${inputsText(document)}\n\n${outputsText(document.outputs, top)}`, exitCode: 0 };
  } finally {
    await model.dispose();
  }
}

type ReadInput = FittedInput & { readonly path: string };

async function readInputs(given: readonly string[], model: Model, args: Arguments): Promise<Map<string, ReadInput>> {
  const options = {
    scale: args.number('scale'),
    offset: args.number('offset'),
    take: args.integer('take', [1, 2 ** 31 - 1]),
  };
  const inputs = new Map<string, ReadInput>();
  const add = (spec: TensorSpec, content: InputContent, path: string) => {
    if (inputs.has(spec.name))
      throw new EdgefoldError('USAGE', 'the input is given twice', { where: `input ${spec.name}` });
    inputs.set(spec.name, { ...fitInput(content, spec, options), path });
  };
  for (const text of given) {
    const { name, path } = splitName(text, model);
    const content = await readInputFile(path);
    if (content.kind === 'named' && name === undefined) {
      for (const [each, tensor] of content.tensors) add(specNamed(each, model, path), { kind: 'tensor', tensor }, path);
    } else add(name === undefined ? onlySpec(model, path) : specNamed(name, model, path), content, path);
  }
  const absent = model.inputs.filter((spec) => !inputs.has(spec.name));
  if (absent.length > 0) throw missingInputs(absent);
  return inputs;
}

/** `NAME=FILE` where NAME is an input of the model; a path may hold `=` itself. */
function splitName(text: string, model: Model): { readonly name?: string; readonly path: string } {
  const spec = model.inputs.find(({ name }) => text.startsWith(`${name}=`));
  return spec ? { name: spec.name, path: text.slice(spec.name.length + 1) } : { path: text };
}

function specNamed(name: string, model: Model, where: string): TensorSpec {
  const spec = model.inputs.find((each) => each.name === name);
  if (spec) return spec;
  const expected = model.inputs.map((each) => each.name).join(', ');
  throw new EdgefoldError('INPUT', 'the model has no such input', { where, expected, received: name });
}

function onlySpec({ inputs }: Model, path: string): TensorSpec {
  if (inputs.length === 1) return inputs[0]!;
  throw new EdgefoldError('USAGE', 'say which input this file is for', {
    where: path,
    expected: inputs.map(({ name }) => `--input ${name}=FILE`).join(' '),
  });
}

function missingInputs(specs: readonly TensorSpec[]): EdgefoldError {
  return new EdgefoldError('INPUT', 'the model needs more inputs', {
    expected: specs.map(({ name, dtype, shape }) => `${name} (${dtype} ${shapeText(shape)})`).join(', '),
    hint: `Give each with --input ${specs.length === 1 ? '' : 'NAME='}FILE.`,
  });
}

function inputsText({ inputs }: RunDocument): string {
  return columns(
    Object.entries(inputs).map(([name, { path, shape, notes }]) => [
      safe(name),
      shapeText(shape),
      [safe(path), ...notes].join(' · '),
    ]),
  );
}
