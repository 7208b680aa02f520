import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EdgefoldError } from '../../../src/errors.ts';
import { exportModel } from '../../../src/export/export-model.ts';
import { inMemoryFiles } from '../../../src/export/read/read-source.ts';
import { attributeValue } from '../../../src/export/tfjs-graph/attributes.ts';
import type { JsonValue } from '../../../src/export/source-model.ts';
import { attr, GraphBuilder, seeded } from './graph-builder.ts';

/** x · w + b through Relu, in two nodes. */
function dense(): GraphBuilder {
  const graph = new GraphBuilder();
  const x = graph.placeholder('x', [-1, 3]);
  const w = graph.constant([3, 2], seeded(6), 'float32', 'w');
  const b = graph.constant([2], seeded(2), 'float32', 'b');
  const y = graph.node('_FusedMatMul', [x, w, b], { fused_ops: attr.strings('BiasAdd', 'Relu') }, 'y');
  graph.outputs.push(graph.node('Softmax', [y], {}, 'probabilities'));
  return graph;
}

function exported(json: unknown, bytes: Uint8Array) {
  const text = new TextEncoder().encode(JSON.stringify(json));
  return exportModel(inMemoryFiles('model.json', text, new Map([['group1-shard1of1.bin', bytes]])));
}

async function faultOf(work: Promise<unknown>): Promise<EdgefoldError> {
  const error: unknown = await work.then(
    () => undefined,
    (fault: unknown) => fault,
  );
  expect(error).toBeInstanceOf(EdgefoldError);
  return error as EdgefoldError;
}

test('inputs and outputs have the names of the signature, and an open batch', async () => {
  const graph = dense();
  const json = {
    ...graph.json(),
    signature: { inputs: { features: { name: 'x:0' } }, outputs: { risk: { name: 'probabilities:0' } } },
  };
  const { graph: onnx, source } = await exported(json, graph.bytes());
  expect(source.format).toBe('tfjs-graph');
  expect(onnx.inputs.map(({ name, shape }) => [name, shape])).toEqual([['features', ['batch', 3]]]);
  expect(onnx.outputs.map(({ name, shape }) => [name, shape])).toEqual([['risk', ['batch', 2]]]);
});

test('old files have the signature in their metadata, or none at all', async () => {
  const graph = dense();
  const { signature, format, ...old } = graph.json() as Record<string, unknown>;
  expect(format).toBe('graph-model');
  for (const json of [{ ...old, userDefinedMetadata: { signature } }, old]) {
    const { graph: onnx } = await exported(json, graph.bytes());
    expect(onnx.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(onnx.outputs.map(({ name }) => name)).toEqual(['probabilities']);
  }
});

test('attributes are read in every form that converters have written them', () => {
  const forms: readonly (readonly [JsonValue, JsonValue | undefined])[] = [
    [{ s: 'U0FNRQ==' }, 'SAME'],
    [{ s: [83, 65, 77, 69] }, 'SAME'],
    [{ s: '' }, ''],
    [{ s: '%%' }, undefined],
    [{ i: '-3' }, -3],
    [{ i: 4 }, 4],
    [{ f: 'Infinity' }, Infinity],
    [{ f: 0.5 }, 0.5],
    [{ b: false }, false],
    [{ type: 'DT_FLOAT' }, 'DT_FLOAT'],
    [{ list: { i: ['1', '2'] } }, [1, 2]],
    [{ list: { s: ['UmVsdQ=='] } }, ['Relu']],
    [{ list: {} }, []],
    [{}, undefined],
    [7, undefined],
  ];
  for (const [written, expected] of forms) expect(attributeValue(written)).toEqual(expected);
});

test('control flow, lists, tables and text are refused by name, all at once', async () => {
  const graph = new GraphBuilder();
  const x = graph.placeholder('x', [-1, 3]);
  const list = graph.node('TensorListFromTensor', [x], {}, 'list');
  const loop = graph.node('StatelessWhile', [list], {}, 'loop');
  const table = graph.node('LookupTableFindV2', [loop], {}, 'table');
  const text = graph.node('StringSplit', [table], {}, 'text');
  const slow = graph.node('RandomUniform', [text], {}, 'noise');
  graph.outputs.push(graph.node('Frobnicate', [slow], {}, 'what'));
  const { code, message } = await faultOf(graph.export());
  expect(code).toBe('UNSUPPORTED');
  expect(message.split('\n')).toEqual([
    '6 operators cannot be exported:',
    '  Frobnicate (what): this operator is not known here',
    '  LookupTableFindV2 (table): tables are not exported. Look values up outside the model',
    '  RandomUniform (noise): it draws random numbers, so the model is no function of its inputs',
    '  StatelessWhile (loop): control flow is not exported. Export the part of the model before it',
    '  StringSplit (text): text is not exported. Prepare it outside the model',
    '  TensorListFromTensor (list): lists of tensors are not exported. They come from loops; unroll the layer and convert again',
  ]);
});

test('a loop of TensorFlow 1, which goes in circles, is refused as control flow', async () => {
  const graph = new GraphBuilder();
  const enter = graph.node('Enter', [graph.placeholder('x', [3])], {}, 'enter');
  graph.node('Merge', [enter, 'next'], {}, 'merge');
  graph.node('NextIteration', ['merge'], {}, 'next');
  graph.outputs.push(graph.node('Exit', ['merge'], {}, 'exit'));
  expect((await faultOf(graph.export())).message).toMatch(/Enter \(enter\): control flow.*\n.*Exit.*\n.*Merge.*\n.*Next/);
}); // prettier-ignore

test('nodes that no output depends on are not looked at', async () => {
  const graph = dense();
  graph.node('StatelessWhile', ['x'], {}, 'unused');
  await expect(graph.export()).resolves.toBeDefined();
});

test('a constant without its weight, a cycle, and a missing node are told apart', async () => {
  const graph = dense();
  const json = graph.json() as { weightsManifest: { weights: object[] }[]; modelTopology: { node: object[] } };
  const without = structuredClone(json);
  without.weightsManifest[0]!.weights.pop();
  expect((await faultOf(exported(without, graph.bytes().subarray(0, 24)))).message).toMatch(/^b: a constant of the graph has no value/);
  const circle = new GraphBuilder();
  circle.node('Relu', ['b'], {}, 'a');
  circle.outputs.push(circle.node('Relu', ['a'], {}, 'b'));
  expect((await faultOf(circle.export())).message).toMatch(/depends on its own output/);
  const torn = structuredClone(json);
  torn.modelTopology.node.splice(1, 1);
  expect((await faultOf(exported(torn, graph.bytes()))).message).toMatch(/refers to a layer w, which it does not have/);
}); // prettier-ignore

test('images are taken as bytes and channels first where that is asked for', async () => {
  const graph = new GraphBuilder();
  const x = graph.placeholder('x', [-1, 5, 4, 3]);
  const filter = graph.constant([1, 1, 3, 2], seeded(6));
  const attributes = { strides: attr.ints(1, 1, 1, 1), padding: attr.s('SAME'), data_format: attr.s('NHWC') };
  graph.outputs.push(graph.node('Conv2D', [x, filter], attributes, 'y'));
  const { graph: onnx, changedInputs } = await graph.export({ inputLayout: 'nchw', inputDtype: 'uint8' });
  expect(onnx.inputs.map(({ shape, dtype }) => [shape, dtype])).toEqual([[['batch', 3, 5, 4], 'uint8']]);
  expect(changedInputs).toEqual([{ name: 'x', layout: 'nchw', dtype: 'uint8' }]);
  expect((await faultOf(dense().export({ inputLayout: 'nchw' }))).code).toBe('USAGE');
});

test('mutated files give a model or a fault that says what is wrong', async () => {
  const graph = dense();
  const bytes = graph.bytes();
  const text = JSON.stringify(graph.json());
  const edit = fc.record({ at: fc.nat(text.length - 1), remove: fc.nat(8), put: fc.string({ maxLength: 4 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
      const mutated = edits.reduce((json, { at, remove, put }) => json.slice(0, at) + put + json.slice(at + remove), text);
      const files = inMemoryFiles('model.json', new TextEncoder().encode(mutated), new Map([['group1-shard1of1.bin', bytes]]));
      await exportModel(files).catch((error: unknown) => {
        if (!(error instanceof EdgefoldError)) throw error;
      });
    }),
    { numRuns: 3000, seed: 5 },
  );
}); // prettier-ignore
