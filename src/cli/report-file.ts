import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { writeFileWhole } from '../files/write.ts';
import { reportPage, type PageContents } from '../parity/page/page.ts';
import { heldSignals } from './signals.ts';
import { readVersion } from './version.ts';

/** Writes a comparison as one page, which holds the chart library too. @throws {EdgefoldError} FILE. */
export async function writeReport(
  path: string,
  contents: Omit<PageContents, 'tool'>,
  options: { readonly force: boolean },
): Promise<void> {
  const { resolve } = createRequire(import.meta.url);
  const text = (file: string) => readFileSync(resolve(`uplot/dist/${file}`), 'utf8');
  const library = { script: text('uPlot.iife.min.js'), style: text('uPlot.min.css') };
  const page = reportPage({ ...contents, tool: `edgefold ${readVersion()}` }, library);
  await heldSignals(() => writeFileWhole(path, [new TextEncoder().encode(page)], options));
}
