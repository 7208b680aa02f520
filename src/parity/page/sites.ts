import type { ParityReport } from '../report.ts';
import type { Chart } from './charts.ts';
import { html, type Html } from './html.ts';

export const siteSections = (_: ParityReport): { readonly markup: Html; readonly charts: readonly Chart[] } => ({
  markup: html``,
  charts: [],
});
