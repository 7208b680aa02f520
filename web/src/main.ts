import { digitSamples, type Samples } from './bundled.ts';
import { h, place } from './dom.ts';
import { facts } from './panels/facts.ts';
import { folds } from './panels/folds.ts';
import { graphs } from './panels/graphs.ts';
import { parityPanel } from './panels/parity.ts';
import { sourcePanel } from './panels/source.ts';
import { speedPanel } from './panels/speed.ts';
import { takePanel } from './panels/take.ts';
import { tryIt } from './panels/try-it.ts';
import { StudioError, startStudio } from './studio/client.ts';
import type { GivenFile } from './studio/protocol.ts';

const status = place('status');
const studio = startStudio(say);
const samples = digitSamples().catch(() => undefined);

sourcePanel(place('source'), (files, isBundled) => void open(files, isBundled), complain);

let opened = 0;

/** The steps of one model; each shows what it has as soon as it has it, unless another model was opened meanwhile. */
async function open(files: readonly GivenFile[], isBundled: boolean): Promise<void> {
  const own = ++opened;
  const isCurrent = () => own === opened;
  try {
    const model = await studio.open(files);
    const shown = await samplesFor(isBundled);
    if (!isCurrent()) return;
    facts(place('facts'), model);
    tryIt(place('try'), { studio, model, samples: shown, onError: complain });
    folds(place('folds'), model);
    graphs(place('graph'), model);
    speedPanel(place('speed'), studio);
    const allowReport = takePanel(place('take'), studio, model);
    document.body.dataset.state = 'open';
    await parityPanel(place('parity'), { studio, sizeBytes: model.sizeBytes.folded, isCurrent, onDone: allowReport });
  } catch (error) {
    if (isCurrent()) complain(error);
  }
}

const samplesFor = (isBundled: boolean): Promise<Samples | undefined> =>
  isBundled ? samples : Promise.resolve(undefined);

function say(message: string): void {
  status.className = '';
  status.textContent = message;
}

function complain(error: unknown): void {
  const { message } = error as Error;
  const hint = error instanceof StudioError ? error.hint : undefined;
  status.className = 'problem';
  status.replaceChildren(h('strong', {}, 'That did not work. '), message, hint !== undefined && !message.includes(hint) ? ` ${hint}` : ''); // prettier-ignore
}
