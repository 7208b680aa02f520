import { EdgefoldError } from '../errors.ts';
import { Graph } from '../onnx/graph.ts';
import { writeOnnx } from '../onnx/write.ts';
import type { Provider } from '../runtime/model.ts';
import { load } from '../runtime/node.ts';
import { float32 } from '../tensor.ts';

/** What a trial of one provider says to the process that started it. */
export type Trial = { readonly works: true; readonly ms: number } | { readonly works: false; readonly reason: string };

/** y = x·W with W = [[1, 2], [3, 4]] */
function tinyModel(): Uint8Array {
  const graph = new Graph('trial');
  const x = graph.input('x', { dtype: 'float32', shape: [1, 2] });
  const w = graph.constant('w', float32([2, 2], [1, 2, 3, 4]));
  graph.outputs.push(graph.node('MatMul', { inputs: [x, w], output: { name: 'y', dtype: 'float32', shape: [1, 2] } }));
  return writeOnnx(graph);
}

/** Loads and runs a model of one node on the provider and checks the result: [1, 1]·W = [4, 6]. */
async function tryProvider(provider: Provider): Promise<Trial> {
  try {
    const start = performance.now();
    await using model = await load(tinyModel(), { provider, allow: 'none' });
    const { y } = await model.run({ x: new Float32Array([1, 1]) });
    const values = Array.from(y?.data as Float32Array);
    if (values.join() !== '4,6')
      return { works: false, reason: `computes wrongly: 4,6 expected, ${values.join()} found` };
    return { works: true, ms: performance.now() - start };
  } catch (error) {
    return { works: false, reason: reasonOf(error, provider) };
  }
}

/** The runtime's own words; the rest of our message is advice for callers of `load`. */
function reasonOf(error: unknown, provider: Provider): string {
  if (!(error instanceof Error)) return String(error);
  const words = error instanceof EdgefoldError ? error.received : undefined;
  return (words ?? error.message).replace(`${provider}: `, '').replace(CPP_PREFIX, '');
}

/** `/path/file.cc:136 signature condition was false. ` before what a person can read. */
const CPP_PREFIX = /^\/\S+:\d+ .* was false\. /;

const provider = process.argv[2];
if (provider !== undefined) {
  void tryProvider(provider as Provider).then((trial) => {
    process.send?.(trial);
    if (process.connected) process.disconnect();
  });
}
