import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { FoldDocument } from '../../src/cli/json.ts';
import { exportModel } from '../../src/export/export-model.ts';
import { cloneGraph } from '../../src/onnx/clone.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { bisect } from '../../src/parity/bisect.ts';
import { generateSamples } from '../../src/parity/samples.ts';
import { verify } from '../../src/parity/verify.ts';
import { vocabulariesOf } from '../../src/parity/vocabularies.ts';
import { load } from '../../src/runtime/node.ts';
import { fileGoldens, filesOf } from '../export/operations/goldens.ts';
import { edgefold, temporaryFolder } from '../support/cli.ts';

const GOLDENS = new Map(fileGoldens('preprocessing-goldens.json'));
const VOCABULARY = ['dog', 'cat', 'fish', 'bird'];

const exported = async (name: string): Promise<Graph> => (await exportModel(filesOf(GOLDENS.get(name)!))).graph;
const compared = (reference: Graph, candidate: Graph) =>
  verify({ load, reference: writeOnnx(reference), candidate: writeOnnx(candidate), graphs: { reference, candidate }, proof: 'always' }); // prettier-ignore

/** A copy in which the first table has other values. */
function withValues(graph: Graph, attribute: string, values: (given: readonly unknown[]) => readonly unknown[]): Graph {
  const copy = cloneGraph(graph);
  const { attributes } = copy.nodes.find(({ opType }) => opType === 'LabelEncoder')!;
  const { kind, value } = attributes.get(attribute)!;
  attributes.set(attribute, { kind, value: values(value as readonly unknown[]) } as never);
  return copy;
}

test('finds the words that are looked up in an input, each once', async () => {
  const words = vocabulariesOf(await exported('string lookup')).x!;
  expect(words).toEqual(expect.arrayContaining(VOCABULARY));
  expect(new Set(words).size).toBe(words.length);
  expect(vocabulariesOf(await exported('string lookup inverse'))).toEqual({});
});

test('verify runs a model of texts on the words that it knows, up to float64', async () => {
  const graph = await exported('string lookup');
  const report = await compared(graph, cloneGraph(graph));
  expect(report).toMatchObject({ verdict: 'pass', samples: 4, truth: { verdict: 'measured' } });
});

test.each([
  ['a known word', (places: readonly unknown[]) => places.with(1, 77)],
  ['every word', (places: readonly unknown[]) => places.map(() => 77)],
])('verify finds another place of %s, and bisect says where', async (_name, change) => {
  const reference = await exported('string lookup');
  const candidate = withValues(reference, 'values_int64s', change);
  expect(await compared(reference, candidate)).toMatchObject({ verdict: 'fail' });
  await using model = await load(writeOnnx(reference));
  const samples = generateSamples(model.inputs, { words: vocabulariesOf(reference) });
  const found = await bisect({ load, reference, candidate, samples });
  expect(found).toMatchObject({ verdict: 'found' });
});

test('verify compares texts that a model gives letter by letter', async () => {
  const reference = await exported('string lookup inverse');
  expect(await compared(reference, cloneGraph(reference))).toMatchObject({ verdict: 'pass' });
  const candidate = withValues(reference, 'values_strings', (texts) => texts.with(0, `${String(texts[0])}.`));
  const settled = { verdict: 'fail', reason: expect.stringMatching(/differs/) as string };
  const options = { load, reference: writeOnnx(reference), candidate: writeOnnx(candidate), integerRange: [1, 3] as const };
  expect(await verify(options)).toMatchObject(settled);
}); // prettier-ignore

test('export verifies a model whose input are texts before it writes it', async () => {
  const file = join(temporaryFolder(), 'words.keras');
  writeFileSync(file, gunzipSync(Buffer.from(GOLDENS.get('string lookup')!.file, 'base64')));
  const { code, stdout } = await edgefold(['export', file, '--json']);
  expect((JSON.parse(stdout) as FoldDocument).parity).toMatchObject({ verdict: 'pass', samples: 4 });
  expect(code).toBe(0);
});
