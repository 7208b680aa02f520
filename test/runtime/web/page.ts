import type { NodeAtFault } from '../../../src/errors.ts';
import type { Provider, ProviderReport } from '../../../src/runtime/model.ts';
import type { WebLoadOptions } from '../../../src/runtime/web.ts';

/** What of an error comes out of a page. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly nodes?: readonly NodeAtFault[];
}

/*
 * These functions run in the page: they see its globals and nothing of this file.
 */

export async function failureOfLoading([source, options]: readonly [string, WebLoadOptions]): Promise<
  Failure | undefined
> {
  try {
    await (await edgefold.load(source, options)).dispose();
    return undefined;
  } catch (error) {
    const { code, message, nodes } = error as Failure;
    return { code, message, ...(nodes && { nodes }) };
  }
}

/** How many of `count` overlapping runs give what the row gives alone. */
export async function overlappingRuns([provider, count]: readonly [Provider, number]): Promise<{
  report: ProviderReport;
  results: number;
}> {
  const model = await edgefold.load('/mlp.onnx', { provider });
  const rows = Array.from({ length: count }, (_, i) => Float32Array.of(i / count, -i / count, 0.5, 1));
  const [x, all] = [new Float32Array(4 * count), await Promise.all(rows.map((row) => model.run({ x: row })))];
  rows.forEach((row, i) => {
    x.set(row, 4 * i);
  });
  const { y } = await model.run({ x });
  await model.dispose();
  const isRight = (i: number) =>
    [0, 1, 2].every((j) => Math.abs((all[i]!.y!.data[j] as number) - (y!.data[3 * i + j] as number)) < 1e-5);
  return { report: model.report, results: rows.filter((_, i) => isRight(i)).length };
}

/** Takes WebGPU away, before anything else runs in a page. */
export function withoutWebGpu(): void {
  Object.defineProperty(Object.getPrototypeOf(navigator), 'gpu', { value: undefined });
}
