/** The browser entry: everything of `index.ts`, with onnxruntime-web for running; it needs nothing from Node. */
import { Graph } from './onnx/graph.ts';
import { writeOnnx } from './onnx/write.ts';
import type { ParityReport } from './parity/report.ts';
import { verify, type VerifyOptions } from './parity/verify.ts';
import type { LoadOptions, LoadSource } from './runtime/model.ts';
import { load } from './runtime/web.ts';

export * from './index.ts';
export { load, type CacheChoice, type ModelCache, type WebLoad, type WebLoadOptions, type WebSource } from './runtime/web.ts'; // prettier-ignore

/**
 * Runs two models on the same seeded inputs with onnxruntime-web's WebAssembly and reports how far apart they are; see
 * {@link verify}, which takes another `load`, for another provider say.
 *
 * @param reference what is right by definition: a graph, the bytes of an ONNX file, or its URL.
 * @param candidate what must agree with it at every optimisation level.
 * @example
 * const { verdict } = await parity(graph, foldGraph(graph).graph); // 'pass', 'fail' or 'not-run'
 */
export async function parity(
  reference: Graph | Uint8Array | string,
  candidate: Graph | Uint8Array | string,
  options: Omit<VerifyOptions, 'load' | 'reference' | 'candidate'> = {},
): Promise<ParityReport> {
  const graphs = reference instanceof Graph && candidate instanceof Graph ? { reference, candidate } : undefined;
  return verify({
    ...(graphs && { graphs }),
    ...options,
    load: (source: LoadSource, given?: LoadOptions) => load(source, given),
    reference: reference instanceof Graph ? writeOnnx(reference) : reference,
    candidate: candidate instanceof Graph ? writeOnnx(candidate) : candidate,
  });
}
