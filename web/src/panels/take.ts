import { fill, h } from '../dom.ts';
import { bytes } from '../numbers.ts';
import type { OpenedModel, Studio } from '../studio/protocol.ts';

interface Taking {
  readonly studio: Studio;
  readonly model: OpenedModel;
  readonly onError: (error: unknown) => void;
}

/** Downloads of the folded model and of the report; the latter once what is returned is called. */
export function takePanel(section: HTMLElement, { studio, model, onError }: Taking): () => void {
  const stem = model.name.replace(/\.[^.]+$/, '');
  const taking = (made: () => Promise<Blob>, name: string) => () => {
    made().then((blob) => { save(blob, name); }, onError);
  }; // prettier-ignore
  const file = h('button', { type: 'button', class: 'primary', id: 'download-model', onclick: taking(() => studio.model(), `${stem}.onnx`) }, `Download the ONNX model, ${bytes(model.sizeBytes.folded)}`); // prettier-ignore
  const report = h('button', { type: 'button', id: 'download-report', disabled: true, 'aria-describedby': 'report-help', onclick: taking(() => studio.report(), `${stem}-report.html`) }, 'Download the report'); // prettier-ignore
  const help = h('p', { id: 'report-help', class: 'soft small' }, 'The report comes with the comparison of both models.'); // prettier-ignore
  fill(section, h('div', { class: 'row' }, file, report), help);
  return () => {
    report.disabled = false;
    help.textContent = 'One page that needs nothing else: verdict, charts, both graphs.';
  };
}

function save(blob: Blob, name: string): void {
  const href = URL.createObjectURL(blob);
  h('a', { href, download: name }).click();
  setTimeout(() => { URL.revokeObjectURL(href); }, 60_000); // prettier-ignore
}
