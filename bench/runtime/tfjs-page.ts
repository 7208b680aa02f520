import { openTfjs, type TfjsModel } from '../../src/parity/original/tfjs.ts';
import type { Place, TfjsModel as Written } from './tfjs-model.ts';

/** In the page: TF.js as an application has it, bundled, with the layers of the model and its weights beside it. */
export async function open(
  backend: 'cpu' | 'wasm',
  folder: string,
  shape: readonly number[],
): Promise<(data: Float32Array) => Promise<Float32Array>> {
  const [written, bin] = await Promise.all([
    fetch(`${folder}/tfjs.json`).then((response) => response.json() as Promise<Written>),
    fetch(`${folder}/tfjs.bin`).then((response) => response.arrayBuffer()),
  ]);
  const { assign, ...rest } = written;
  const placed = assign?.map(({ path, weights }) => ({ path, weights: weights.map((place) => weightAt(bin, place)) }));
  const model: TfjsModel = { ...rest, weightData: bin, ...(placed && { assign: placed }) };
  if (backend === 'wasm') {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    setWasmPaths('/');
  }
  const { tf, loaded } = await openTfjs(model);
  await tf.setBackend(backend);
  await tf.ready();
  return async (data) => {
    const x = tf.tensor(data, [...shape]);
    const results = loaded.run([x], model);
    const values = (await results[0]!.data()) as Float32Array;
    for (const tensor of [x, ...results]) tensor.dispose();
    return values;
  };
}

const weightAt = (bin: ArrayBuffer, { name, shape, at, length }: Place) => ({
  name,
  tensor: () => ({ dtype: 'float32', shape, data: new Float32Array(bin, at, length) }) as const,
});
