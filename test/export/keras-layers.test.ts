import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Layer } from '../../src/export/layer.ts';
import { lowerings } from '../../src/export/lower-model.ts';
import { refusal } from '../../src/export/refused-layers.ts';
import { layer } from './source-builder.ts';

/**
 * Every public class of `keras.layers` and `tf_keras.layers` in the versions named, and what becomes of it: `lowered`,
 * or `refused: ` and the reason that its owner reads.
 */
interface Classes {
  readonly versions: Readonly<Record<string, string>>;
  readonly answers: Readonly<Record<string, string>>;
}

const { versions, answers } = JSON.parse(
  readFileSync(new URL('./keras-layers.json', import.meta.url), 'utf8'),
) as Classes;
const known = lowerings();
const origin = { format: 'keras-v3', kerasVersion: '3.15.1', kerasMajor: 3 } as const;

describe(`each class of Keras ${versions.keras} and ${versions.tf_keras}`, () => {
  const of = (kind: RegExp) => Object.entries(answers).filter(([, answer]) => kind.test(answer));

  test.each(of(/^lowered$/))('%s has a lowering', (className) => {
    // The input is made by the model itself.
    expect(known.has(className) || className === 'InputLayer').toBe(true);
  });

  test.each(of(/^refused: /))('%s is %s', (className, answer) => {
    expect(known.has(className)).toBe(false);
    const { reason, hint } = refusal(new Layer(layer('a', className, { module: 'keras.layers' }), origin));
    expect(`refused: ${reason}`).toBe(answer);
    expect(hint).not.toBe('');
    expect(reason).not.toMatch(/not known|not exported yet/);
  });

  test('has one of the answers', () => {
    const others = Object.entries(answers).filter(([, answer]) => !/^(lowered|refused: .+)$/.test(answer));
    expect(others).toEqual([]);
  });
});
