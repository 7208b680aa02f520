import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exportModel, foldGraph, inMemoryFiles, writeOnnx } from '../../../src/index.ts';
import { reportPage, type PageContents } from '../../../src/parity/page/page.ts';
import { verify } from '../../../src/parity/verify.ts';
import { load } from '../../../src/runtime/node.ts';
import { CHROMIUM, documentOf } from '../../support/chromium.ts';
import { repositoryPath, temporaryFolder } from '../../support/cli.ts';

const { resolve } = createRequire(import.meta.url);
const asset = (name: string) => readFileSync(resolve(`uplot/dist/${name}`), 'utf8');
const LIBRARY = { script: asset('uPlot.iife.min.js'), style: asset('uPlot.min.css') };

/** The seed model against itself folded. */
async function contents(): Promise<PageContents> {
  const bytes = readFileSync(repositoryPath('models/digits/norm-before-activation/model.keras'));
  const { graph: reference } = await exportModel(inMemoryFiles('model.keras', bytes));
  const { graph: candidate, report } = foldGraph(reference);
  const graphs = { reference, candidate };
  const parity = await verify({ load, reference: writeOnnx(reference), candidate: writeOnnx(candidate), graphs: { ...graphs, folds: report.folds } }); // prettier-ignore
  return { reference: 'a.onnx', candidate: 'b.onnx', parity, graphs, command: 'edgefold verify', tool: 'edgefold' };
}

/** What the page itself says, without the text of its scripts and styles. */
const visible = (page: string) => page.replace(/<(script|style)[^>]*>.*?<\/\1>/gs, '');

test('says what was found, site by site, and shows both graphs', async () => {
  const given = await contents();
  const page = visible(reportPage(given, LIBRARY));
  expect(page).toMatch(/>\s*pass\s*<\/span>/);
  for (const name of Object.keys(given.parity.outputs)) expect(page).toContain(`<td>${name}</td>`);
  for (const { folds } of given.parity.sites) expect(page).toContain(`<td>${folds.join(', ')}</td>`);
  expect(page.match(/<svg\s/g)).toHaveLength(2);
  const { reference, candidate } = given.graphs;
  expect(page.match(/class="node gone"/g)).toHaveLength(reference.nodes.length - candidate.nodes.length);
  expect(page.match(/class="node rewritten"/g)!.length).toBeGreaterThanOrEqual(2);
});

test('the same comparison gives the same page', async () => {
  const given = await contents();
  expect(reportPage(given, LIBRARY)).toBe(reportPage(given, LIBRARY));
});

const HOSTILE = '</script><script>document.title="owned"</script><img src=x onerror=alert(1)>\u202e';

async function hostile(): Promise<PageContents> {
  const given = await contents();
  const [metrics] = Object.values(given.parity.outputs);
  const parity = { ...given.parity, reason: HOSTILE, outputs: { [HOSTILE]: metrics! } };
  return { ...given, parity, reference: HOSTILE, candidate: HOSTILE, command: HOSTILE };
}

test('a name from a file cannot become markup, and nothing is loaded from elsewhere', async () => {
  const page = reportPage(await hostile(), LIBRARY);
  expect(page).not.toContain('<img');
  expect(page.match(/<script/g)).toHaveLength(3);
  expect(page).not.toContain('\u202e');
  expect(visible(page).replace(/"[^"]*"/g, '')).not.toMatch(/<[^>]*\s(src|href)=/);
  expect(page).toContain('default-src &#39;none&#39;');
});

test.skipIf(!CHROMIUM)(
  'a browser draws every chart, without a word on its console [needs Chromium]',
  async () => {
    for (const given of [await contents(), await hostile()]) {
      const path = join(temporaryFolder(), 'report.html');
      writeFileSync(path, reportPage(given, LIBRARY));
      const { html, console } = await documentOf(`file://${path}`);
      expect(console).toBe('');
      expect(html).toMatch(/data-drawn="3"/);
      expect(html.match(/<canvas/g)).toHaveLength(3);
      expect(html).not.toContain('<title>owned');
    }
  },
  60_000,
);
