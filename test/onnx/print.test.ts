import { describe, expect, test } from 'vitest';
import { float, int, ints, string } from '../../src/onnx/attribute.ts';
import { Graph } from '../../src/onnx/graph.ts';
import { printable, printGraph } from '../../src/onnx/print.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { float32, int64 } from '../../src/tensor.ts';
import { fixture } from './support.ts';

describe('the text of a graph', () => {
  test('has one line for each constant and each node, attributes in alphabetical order', () => {
    const graph = new Graph('main');
    const x = graph.input('x', { dtype: 'float32', shape: ['N', 4] });
    const h = graph.node('Gemm', {
      inputs: [x, graph.constant('W', float32([2, 4], new Float32Array(8)))],
      attributes: { transB: int(1), alpha: float(0.1) },
      output: { name: 'h', dtype: 'float32', shape: ['N', 2] },
    });
    const y = graph.node('FusedPad', {
      domain: 'com.microsoft',
      inputs: [h, undefined, graph.constant('pads', int64([0, 1, -1]))],
      attributes: { mode: string('a "b"\n'), perm: ints([1, 0]) },
      output: { name: 'y', dtype: 'float32', shape: ['', 3] },
    });
    graph.outputs.push(y);
    expect(printGraph(graph)).toBe(
      [
        'main (x: float32[N, 4]) => (y: float32[?, 3]) {',
        '  W: float32[2, 4]',
        '  pads: int64[3] = {0, 1, -1}',
        '  h = Gemm<alpha=0.1, transB=1>(x, W)',
        '  y = com.microsoft.FusedPad<mode="a \\"b\\"\\n", perm=[1, 0]>(h, , pads)',
        '}',
        '',
      ].join('\n'),
    );
  });

  test('shows subgraphs in place', () => {
    expect(printGraph(readOnnx(fixture('plain.onnx')))).toBe(
      [
        'plain (x: float32[N, 2]) => (y: float32[N, 2]) {',
        '  W: float32[2, 2]',
        '  S: float32[1, 2]',
        '  h = local.Twice(x)',
        '  s = ReduceSum<keepdims=0>(h)',
        '  c = Cast<to=9>(s)',
        '  m = If<else_branch=else () => (else_y: float32) {',
        '    else_y = Add(h, W)',
        '  }, then_branch=then () => (then_y: float32) {',
        '    then_y = MatMul(h, W)',
        '  }>(c)',
        '  y = Add(m, S)',
        '}',
        '',
      ].join('\n'),
    );
  });

  test('spells out what a terminal would act on', () => {
    expect(printable('a\u001b[31m\u202ered\n\u009b')).toBe('a\\u001b[31m\\u202ered\\u000a\\u009b');
    expect(printable('größe 汉字')).toBe('größe 汉字');
  });
});
