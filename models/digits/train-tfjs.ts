/**
 * Trains the two digit models in TF.js, on its CPU backend, and writes next to this script, per form:
 *
 *   tfjs/model.json, tfjs/weights.bin, golden-tfjs.json
 *
 * and for the first form `tfjs-uint8/` and `golden-tfjs-uint8.json`: the same weights, each quantised to uint8 as
 * w ≈ q·scale + min, with what TF.js computes from them.
 *
 *   EDGEFOLD_SHARED=../shared npx tsx models/digits/train-tfjs.ts
 */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { normalized, PIXELS, readDigits, TRAINED_ON, trainingOrder } from './digits.ts';
import { quantized, writeLayersModel } from './tfjs-files.ts';

const FORMS = ['norm-before-activation', 'norm-after-activation'] as const;
type Form = (typeof FORMS)[number];

const HERE = fileURLToPath(new URL('.', import.meta.url));
const FRAMEWORK = `tfjs-layers ${tfl.version_layers}, cpu backend`;
const BATCH_NORMALIZATION = { momentum: 0.99, epsilon: 0.001 };
const TRAINING = { images: TRAINED_ON, epochs: 5, batchSize: 50, seed: 42 };

function build(form: Form): tfl.LayersModel {
  const { dense, batchNormalization, activation, flatten } = tfl.layers;
  const norm = () => batchNormalization(BATCH_NORMALIZATION);
  const hidden = (units: number) => {
    const kernelInitializer = tfl.initializers.heNormal({ seed: TRAINING.seed + units });
    return form === 'norm-before-activation'
      ? [dense({ units, useBias: false, kernelInitializer }), norm(), activation({ activation: 'elu' })]
      : [dense({ units, activation: 'elu', kernelInitializer }), norm()];
  };
  const kernelInitializer = tfl.initializers.glorotUniform({ seed: TRAINING.seed });
  return tfl.sequential({
    name: form.replaceAll('-', '_'),
    layers: [
      flatten({ inputShape: [28, 28] }),
      norm(),
      ...hidden(300),
      ...hidden(100),
      dense({ units: 10, activation: 'softmax', kernelInitializer }),
    ],
  });
}

/** The rows of `order`, as tensors for `fit`; the caller disposes them. */
function rowsOf(images: Float32Array, labels: Uint8Array, order: Int32Array): { x: tf.Tensor; y: tf.Tensor } {
  const x = new Float32Array(order.length * PIXELS);
  order.forEach((from, to) => {
    x.set(images.subarray(from * PIXELS, (from + 1) * PIXELS), to * PIXELS);
  });
  const y = Float32Array.from(order, (from) => labels[from]!);
  return { x: tf.tensor(x, [order.length, 28, 28]), y: tf.tensor(y, [order.length, 1]) };
}

async function train(form: Form, images: Float32Array, labels: Uint8Array): Promise<tfl.LayersModel> {
  const model = build(form);
  model.compile({ optimizer: tf.train.adam(0.001), loss: 'sparseCategoricalCrossentropy' });
  for (let epoch = 0; epoch < TRAINING.epochs; epoch++) {
    const { x, y } = rowsOf(images, labels, trainingOrder(epoch));
    const { history } = await model.fit(x, y, {
      batchSize: TRAINING.batchSize,
      epochs: 1,
      shuffle: false,
    });
    console.log(`${form}, epoch ${epoch + 1} of ${TRAINING.epochs}: loss ${Number(history.loss?.[0]).toFixed(4)}`);
    tf.dispose([x, y]);
  }
  return model;
}

/** Each value by the shortest decimal that reads back as the same float32. */
function tensorJson(shape: readonly number[], data: ArrayLike<number>): object {
  const shortest = (value: number): number => {
    for (let digits = 1; digits < 9; digits++) {
      const candidate = Number(value.toPrecision(digits));
      if (Math.fround(candidate) === value) return candidate;
    }
    return Number(value.toPrecision(9));
  };
  return { shape, data: Array.from(data, shortest) };
}

function predict(model: tfl.LayersModel, images: Float32Array): Float32Array {
  return tf.tidy(() => {
    const output = model.predict(tf.tensor(images, [images.length / PIXELS, 28, 28])) as tf.Tensor;
    return output.dataSync<'float32'>();
  });
}

function accuracyOf(probabilities: Float32Array, labels: Uint8Array): object {
  const correct = labels.reduce((count, label, row) => {
    const classes = probabilities.subarray(row * 10, row * 10 + 10);
    return count + Number(classes.indexOf(Math.max(...classes)) === label);
  }, 0);
  return { images: labels.length, correct, share: correct / labels.length };
}

/** x[k] = ((k · 69069 + 1) mod 2²⁴) / 2²⁴ · amplitude, row-major: exact in float32. */
function formulaInput(length: number, amplitude: number): Float32Array {
  return Float32Array.from({ length }, (_, k) => (((k * 69069 + 1) % 2 ** 24) / 2 ** 24) * amplitude);
}

function golden(model: tfl.LayersModel, form: Form, file: string, images: Float32Array, labels: Uint8Array): object {
  const heldOut = images.subarray(TRAINED_ON * PIXELS);
  const heldOutLabels = labels.subarray(TRAINED_ON);
  const inputs: [string, Float32Array][] = [
    ['digits', heldOut.subarray(0, 4 * PIXELS)],
    ['formula', formulaInput(2 * PIXELS, 1)],
    ['faint-formula', formulaInput(2 * PIXELS, 1 / 16)],
  ];
  return {
    framework: FRAMEWORK,
    form,
    files: [file],
    batchNormalization: BATCH_NORMALIZATION,
    training: TRAINING,
    accuracy: accuracyOf(predict(model, heldOut), heldOutLabels),
    labels: Array.from(heldOutLabels.subarray(0, 4)),
    cases: inputs.map(([name, x]) => ({
      name,
      input: tensorJson([x.length / PIXELS, 28, 28], x),
      output: tensorJson([x.length / PIXELS, 10], predict(model, x)),
    })),
  };
}

function writeGolden(path: string, content: object): void {
  writeFileSync(path, `${JSON.stringify(content)}\n`);
  console.log(path, (content as { accuracy: object }).accuracy);
}

const { pixels, labels } = readDigits();
const images = normalized(pixels);
for (const form of FORMS) {
  const folder = `${HERE}${form}`;
  const model = await train(form, images, labels);
  mkdirSync(`${folder}/tfjs`, { recursive: true });
  await model.save(tf.io.withSaveHandler((artifacts) => writeLayersModel(`${folder}/tfjs`, artifacts)));
  writeGolden(`${folder}/golden-tfjs.json`, golden(model, form, 'tfjs/model.json', images, labels));
  if (form === 'norm-after-activation') continue;

  mkdirSync(`${folder}/tfjs-uint8`, { recursive: true });
  let small: tf.io.ModelArtifacts = {};
  await model.save(
    tf.io.withSaveHandler((artifacts) => {
      small = quantized(artifacts);
      return writeLayersModel(`${folder}/tfjs-uint8`, small);
    }),
  );
  const reloaded = await tfl.loadLayersModel(tf.io.fromMemory(small));
  writeGolden(`${folder}/golden-tfjs-uint8.json`, golden(reloaded, form, 'tfjs-uint8/model.json', images, labels));
}
