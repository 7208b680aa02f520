import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { supportPage } from '../scripts/support-table.ts';

const root = new URL('../', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, root), 'utf8');

test('docs/support.md is that of the code (npm run generate)', () => {
  expect(supportPage()).toBe(read('docs/support.md'));
});

test.each([
  'README.md',
  'CONTRIBUTING.md',
  'docs/architecture.md',
  'docs/parity.md',
  'docs/support.md',
  'docs/custom-layers.md',
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
