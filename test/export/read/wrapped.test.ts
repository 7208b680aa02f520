import { describe, expect, test } from 'vitest';
import { readTopology } from '../../../src/export/read/topology.ts';
import type { JsonObject } from '../../../src/export/source-model.ts';

const item = (className: string, config: JsonObject): JsonObject => ({ class_name: className, config });
const read = (layer: JsonObject) => {
  const model = item('Sequential', { name: 's', layers: [item('InputLayer', { name: 'x', batch_shape: [null, 5, 3] }), layer] }); // prettier-ignore
  return readTopology(model, 'model').layers[1]!;
};
const inner = (layer: JsonObject) => read(layer).model?.layers.map(({ name, className, config }) => [name, className, config.go_backwards]); // prettier-ignore

describe('the layers that a wrapper holds', () => {
  test('are a forward one, and the same turned round where no backward one is written', () => {
    const lstm = item('LSTM', { name: 'lstm', units: 2 });
    expect(inner(item('Bidirectional', { name: 'b', layer: lstm }))).toEqual([
      ['forward_lstm', 'LSTM', undefined],
      ['backward_lstm', 'LSTM', true],
    ]);
  });

  test('are the forward and the backward one as they are written', () => {
    const layer = item('LSTM', { name: 'forward_lstm', units: 2, go_backwards: true });
    const backward = item('GRU', { name: 'gru', units: 3, go_backwards: false });
    expect(inner(item('Bidirectional', { name: 'b', layer, backward_layer: backward }))).toEqual([
      ['forward_lstm', 'LSTM', true],
      ['gru', 'GRU', false],
    ]);
  });

  test('are models too, in a TimeDistributed', () => {
    const model = item('Sequential', { name: 'm', layers: [item('InputLayer', { name: 'i', batch_shape: [null, 3] }), item('Dense', { name: 'd', units: 2 })] }); // prettier-ignore
    const layer = read(item('TimeDistributed', { name: 't', layer: model }));
    expect(layer.model?.layers[0]?.model?.layers.map(({ name }) => name)).toEqual(['i', 'd']);
  });

  test('are not read where a Bidirectional holds one that holds others, which would double at each level', () => {
    let nested = item('LSTM', { units: 2 });
    for (let depth = 0; depth < 60; depth++) nested = item('Bidirectional', { name: `b${depth}`, layer: nested });
    expect(read(nested).model).toBeUndefined();
  });

  test('may not be nested without end', () => {
    let nested = item('Dense', { units: 2 });
    for (let depth = 0; depth < 90; depth++) nested = item('TimeDistributed', { name: `t${depth}`, layer: nested });
    expect(() => read(nested)).toThrow(/nested too deeply/);
  });
});
