import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { layersPage, withSupportTables } from '../scripts/support-table.ts';

const root = new URL('../', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, root), 'utf8');

test('the support tables of the README are those of the code (npm run generate)', () => {
  expect(withSupportTables(read('README.md'))).toBe(read('README.md'));
});

test('docs/layers.md is that of the code (npm run generate)', () => {
  expect(layersPage()).toBe(read('docs/layers.md'));
});

test.each([
  'README.md',
  'CONTRIBUTING.md',
  'docs/architecture.md',
  'docs/parity.md',
  'models/README.md',
  'bench/README.md',
])('every relative link of %s leads to a file', (page) => {
  const base = new URL(page, root);
  const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => link!);
  expect(links.filter((link) => !existsSync(new URL(link, base)))).toEqual([]);
});

test('the lock file names no registry', () => {
  expect(read('package-lock.json')).not.toContain('"resolved"');
});
