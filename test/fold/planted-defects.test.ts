import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DEFECTS } from '../../scripts/planted-defects/defects.ts';

/** `npx tsx scripts/planted-defects.ts` plants them, and shows that each is caught. */

test('there are at least 30 defects to plant, each of them another one', () => {
  expect(DEFECTS.length).toBeGreaterThanOrEqual(30);
  expect(new Set(DEFECTS.map(({ name }) => name)).size).toBe(DEFECTS.length);
});

test.each(DEFECTS)('there is one place in the engine where this can go wrong: $name', ({ file, from, to }) => {
  const places = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8').split(from).length - 1;
  expect(places).toBe(1);
  expect(to).not.toBe(from);
});
