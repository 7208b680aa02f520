import { readdirSync, existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { evaluate } from '../../../src/onnx/evaluate/evaluate.ts';
import type { Graph } from '../../../src/onnx/graph.ts';
import { readOnnx } from '../../../src/onnx/read.ts';
import { sizeOf, type Tensor } from '../../../src/tensor.ts';
import { load } from '../../../src/runtime/node.ts';
import { readShared, sharedPath, testShared } from '../../support/shared.ts';
import { noise } from '../../support/runnable-models.ts';

/**
 * float32 against float64: largest difference of an output over its largest magnitude. Rounding errors of a network
 * come to a few units in the last place (2⁻²⁴) per layer, at random; the deepest here has 53.
 */
const TOLERANCE = 1e-5;

function seeded(graph: Graph): Record<string, Tensor> {
  const random = noise(7);
  const free = graph.inputs.filter(({ constant }) => !constant);
  return Object.fromEntries(
    free.map(({ name, dtype, shape }) => {
      const sizes = shape!.map((dim) => (typeof dim === 'number' ? dim : 2));
      const values = Array.from({ length: sizeOf(sizes) }, () => random());
      if (dtype === 'bool') return [name, { dtype, shape: sizes, data: Uint8Array.from(values, (x) => Number(x > 0)) }];
      if (dtype === 'float64') return [name, { dtype, shape: sizes, data: Float64Array.from(values) }];
      expect(dtype, name).toBe('float32');
      return [name, { dtype: 'float32', shape: sizes, data: Float32Array.from(values) }];
    }),
  ) as Record<string, Tensor>;
}

/** Evaluates a model and runs it as it is written; the worst difference of an output over its largest magnitude. */
async function difference(bytes: Uint8Array): Promise<number> {
  const graph = readOnnx(bytes);
  const inputs = seeded(graph);
  const truth = await evaluate(graph, inputs);
  await using model = await load(bytes, { optimization: 'disabled' });
  const results = await model.run(inputs);
  const differences = graph.outputs.map((output) => {
    const [expected, actual] = [truth.get(output)!, results[output.name]!];
    expect(actual.shape).toEqual(expected.shape);
    const values = actual.data as Float32Array;
    const magnitude = values.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-30);
    return values.reduce((most, x, i) => Math.max(most, Math.abs(x - (expected.data[i] as number))), 0) / magnitude;
  });
  return Math.max(...differences);
}

describe('real models come out as onnxruntime computes them, but for rounding', () => {
  const names = ['burn-mnist', 'residual_block', 'version-RFB-320', 'version-RFB-320_simplified', 'light_resnet50'];
  for (const name of names) {
    const file = `corpus/onnx/${name}.onnx`;
    testShared(file, name, async () => {
        expect(await difference(new Uint8Array(readShared(file)))).toBeLessThan(TOLERANCE);
      }, 120_000); // prettier-ignore
  }
});

const PATTERNS = 'conformance/fold-patterns';
/** Models that onnxruntime does not run as they are. */
const REFUSED = ['bn-inside-if.onnx', 'double-conv-bn.onnx'];
/** It divides by a sum that comes near zero, which makes the rounding error of that sum as many times larger. */
const ILL_CONDITIONED = { file: 'const-conv-must-not-fold.onnx', tolerance: 1e-4 };

describe.runIf(existsSync(sharedPath(PATTERNS)))('every fold pattern does', () => {
  const listed = existsSync(sharedPath(PATTERNS)) ? readdirSync(sharedPath(PATTERNS)) : [];
  const files = listed.filter((file) => file.endsWith('.onnx'));
  const read = (file: string) => new Uint8Array(readShared(`${PATTERNS}/${file}`));

  test.each(files.filter((file) => !REFUSED.includes(file)))('%s', async (file) => {
    const tolerance = file === ILL_CONDITIONED.file ? ILL_CONDITIONED.tolerance : TOLERANCE;
    expect(await difference(read(file))).toBeLessThan(tolerance);
  });

  test('but for those that onnxruntime refuses, and for which it has no say', async () => {
    for (const file of REFUSED) {
      await expect(difference(read(file)), file).rejects.toThrow('onnxruntime refused the model');
    }
  });
});
