import { describe, expect, test } from 'vitest';
import { int } from '../../../src/onnx/attribute.ts';
import { Node, Value, type Graph } from '../../../src/onnx/graph.ts';
import { Fixture } from '../fixture.ts';
import { constant, EPSILON, foldsOf, normalized, type Normal } from './normal.ts';

describe('a shift that is large beside what is left of it', () => {
  const ways = (graph: Graph) => foldsOf(graph).map(({ way }) => way);
  const measured = (mean: number): Normal => ({ gamma: [1], beta: [0], mean: [mean], variance: [1 - EPSILON] });

  /** growth² = (1 + m² + m²) / 1 */
  test.each([[2.73, 'forward'], [2.75, 'centre'], [-2.75, 'centre']])('of %d, by the growth of 4 that is let pass, goes %s', (mean, way) => {
    const f = new Fixture();
    const x = normalized(f, f.input(['n', 1]), measured(mean));
    expect(ways(f.done(f.node('Gemm', [x, constant(f, 'W', [1, 1], [1]), constant(f, 'b', [1], [0])])))).toEqual([way]);
  }); // prettier-ignore

  /** The other output is a hundred times as large, and none the worse: the growth of all is less than 1.1. */
  test.each([[11.25, 'forward'], [11.35, 'centre']])('of %d in one output, by the 16 that are let pass, goes %s', (mean, way) => {
    const f = new Fixture();
    const n = { gamma: [1, 1], beta: [0, 0], mean: [mean, 0], variance: [1 - EPSILON, 1 - EPSILON] };
    const x = normalized(f, f.input(['n', 2]), n);
    const y = f.node('Gemm', [x, constant(f, 'W', [2, 2], [1, 0, 0, 100]), constant(f, 'b', [2], [0, 0])]);
    expect(ways(f.done(y))).toEqual([way]);
  }); // prettier-ignore

  test.each([[22.6, ['forward', 'forward']], [22.7, []], [-22.7, []]])('of %d without statistics, by the 32 that are let pass, goes %j', (shift, wanted) => {
    const f = new Fixture();
    const scaled = f.node('Mul', [f.input(['n', 1]), constant(f, 's', [1], [2])]);
    const x = f.node('Add', [scaled, constant(f, 't', [1], [shift])]);
    const found = ways(f.done(f.node('Gemm', [x, constant(f, 'W', [1, 1], [1]), constant(f, 'b', [1], [0])])));
    expect(found.filter((way) => way === 'forward')).toEqual(wanted);
  }); // prettier-ignore

  test('in one of two layers that take parts of it stays before both', () => {
    const f = new Fixture();
    const n = { gamma: [1, 1], beta: [0, 0], mean: [0, 5], variance: [1 - EPSILON, 1 - EPSILON] };
    const [a, c] = [new Value('a'), new Value('c')];
    const inputs = [normalized(f, f.input(['n', 2]), n), f.shape([1, 1])];
    f.graph.nodes.push(new Node('Split', { inputs, outputs: [a, c], attributes: { axis: int(1) } }));
    const dense = (x: Value, name: string) => f.node('Gemm', [x, constant(f, `${name}_W`, [1, 1], [1]), constant(f, `${name}_b`, [1], [0])]); // prettier-ignore
    expect(ways(f.done(dense(a, 'first'), dense(c, 'second')))).toEqual(['centre']);
  });

  test.each([['Sub', 0], ['Add', 1]])('but small enough, written as a lone %s, folds %i times', (opType, count) => {
    const f = new Fixture();
    const x = f.node(opType, [f.input(['n', 1]), constant(f, 't', [1], [0.5])]);
    expect(ways(f.done(f.node('Gemm', [x, constant(f, 'W', [1, 1], [1]), constant(f, 'b', [1], [0])])))).toHaveLength(count);
  }); // prettier-ignore
});
