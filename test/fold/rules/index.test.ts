import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CONTRIB_RULES, RULES } from '../../../src/fold/rules/index.ts';

const FOLDER = new URL('../../../src/fold/rules/', import.meta.url);

test('every rule that a file exports is in the table, under its own operator', () => {
  const files = readdirSync(FOLDER).filter((file) => !['index.ts', 'rule.ts'].includes(file));
  const exported = files.flatMap((file) =>
    [...readFileSync(new URL(file, FOLDER), 'utf8').matchAll(/^export const (\w+)/gm)].map(([, name]) =>
      name!.toLowerCase(),
    ),
  );
  expect([...RULES.keys(), ...CONTRIB_RULES.keys()].map((opType) => opType.toLowerCase()).sort()).toEqual(
    exported.sort(),
  );
  for (const [opType, rule] of [...RULES, ...CONTRIB_RULES]) expect(rule.opType).toBe(opType);
  for (const { domain } of CONTRIB_RULES.values()) expect(domain).toBe('com.microsoft');
});

test('every rule says where its operator is defined', () => {
  for (const file of readdirSync(FOLDER).filter((name) => !['index.ts', 'rule.ts'].includes(name))) {
    expect(readFileSync(new URL(file, FOLDER), 'utf8'), file).toContain('Source: https://onnx.ai/onnx/operators/');
  }
});
