import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { splitOnnx, writeOnnx } from '../../src/onnx/write.ts';
import { runs } from '../support/runs.ts';
import * as changes from './metamorphic/changes.ts';
import { nodesByName, structureOf, weightsOf } from './metamorphic/same.ts';
import { FAMILIES } from './random-graphs/families.ts';
import { genomes } from './random-graphs/hunt.ts';
import { grow } from './random-graphs/networks.ts';

/** What must not matter does not matter: no oracle is needed to see that. */

const networks = fc.record({ genome: genomes, family: fc.constantFrom(...FAMILIES), seed: fc.nat(9999) });

/** For graphs of all kinds, this is so. */
function always(holds: (graph: Graph, seed: number) => void, numRuns = 300): void {
  const check = fc.property(networks, ({ genome, family, seed }) => {
    holds(grow(genome, family).graph, seed);
  });
  fc.assert(check, { seed: 7, numRuns: runs(numRuns) });
}

const folded = (graph: Graph) => foldGraph(graph).graph;
const keptIn = (graph: Graph) => foldGraph(graph).report.batchNormalizations.kept.map(({ name }) => name);
const bytesOf = (graph: Graph) => Buffer.from(writeOnnx(graph)).toString('base64');

describe('folding random graphs', () => {
  test('twice gives the same bytes as once', () => {
    always((graph) => {
      const once = folded(graph);
      expect(bytesOf(folded(once))).toBe(bytesOf(once));
    });
  });

  test('a hundred times gives the same bytes a hundred times', () => {
    always((graph) => {
      const all = Array.from({ length: 100 }, () => bytesOf(folded(graph)));
      expect(new Set(all).size).toBe(1);
    }, 10);
  });

  test('gives the same bytes after writing, reading and writing', () => {
    always((graph) => {
      const bytes = bytesOf(folded(graph));
      expect(bytesOf(readOnnx(Buffer.from(bytes, 'base64')))).toBe(bytes);
    });
  });

  test('in any order of their nodes gives the same nodes and weights, bit for bit', () => {
    always((graph, seed) => {
      const other = changes.reordered(graph, seed);
      expect(nodesByName(folded(other))).toEqual(nodesByName(folded(graph)));
    });
  });

  test('in any order of their constants gives the same structure', () => {
    always((graph) => {
      expect(structureOf(folded(changes.shuffledConstants(graph)))).toBe(structureOf(folded(graph)));
    });
  });

  test('under other names gives the same under other names', () => {
    always((graph) => {
      expect(structureOf(folded(changes.renamed(graph)))).toBe(structureOf(folded(graph)));
    });
  });

  test('twice in one graph gives each of them as it is folded alone', () => {
    always((graph) => {
      const alone = weightsOf(folded(graph));
      expect(weightsOf(folded(changes.twice(graph)))).toEqual([...alone, ...alone].sort());
    });
  });

  test('takes no notice of an Identity in between', () => {
    always((graph, seed) => {
      const other = changes.inserted(graph, seed, changes.identityOf);
      if (other) expect(weightsOf(folded(other))).toEqual(weightsOf(folded(graph)));
    });
  });

  test('takes no notice of a BatchNormalization that changes nothing', () => {
    always((graph, seed) => {
      // Where initializers are listed as inputs, one that is not makes the others overridable.
      if (graph.inputs.some(({ constant }) => constant)) return;
      const other = changes.inserted(graph, seed, changes.neutralBatchNormalization);
      if (!other) return;
      expect(keptIn(graph)).toEqual(expect.arrayContaining(keptIn(other)));
      // It counts as a node that goes, for which a fold may leave one more.
      expect(folded(other).nodes.length).toBeLessThanOrEqual(folded(graph).nodes.length + 1);
    });
  });

  test('inside both branches of an If gives what it gives outside, twice', () => {
    always((graph) => {
      const inside = changes.insideIf(graph);
      const alone = weightsOf(folded(graph));
      if (inside) expect(weightsOf(folded(inside))).toEqual([...alone, ...alone].sort());
    });
  });

  test('inside a function of the model gives the weights that it gives outside', () => {
    always((graph) => {
      const { report } = foldGraph(graph);
      const inside = report.folds.length > 0 ? changes.insideFunction(graph) : undefined;
      if (inside) expect(weightsOf(folded(inside))).toEqual(weightsOf(folded(graph)));
    });
  });

  test('with weights in a file of their own gives the same as with all in one', () => {
    always((graph) => {
      const split = splitOnnx(graph, { maxInlineBytes: 0, minTensorBytes: 1 });
      const data = Buffer.concat([...split.data()].flat());
      const externalData = (_: string, offset: number, length: number) => data.subarray(offset, offset + length);
      const outside = readOnnx(Buffer.concat([...split.model('weights.bin')]), { externalData });
      expect(structureOf(folded(outside))).toBe(structureOf(folded(graph)));
    });
  });
});
