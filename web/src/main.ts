import { digitSamples, type Samples } from './bundled.ts';
import { h, place } from './dom.ts';
import { facts } from './panels/facts.ts';
import { folds } from './panels/folds.ts';
import { graphs } from './panels/graphs.ts';
import { parityPanel } from './panels/parity.ts';
import { sourcePanel } from './panels/source.ts';
import { speedPanel } from './panels/speed.ts';
import { takePanel } from './panels/take.ts';
import { tryIt, type Trying } from './panels/try-it.ts';
import { StudioError, startStudio } from './studio/client.ts';
import type { GivenFile } from './studio/protocol.ts';

const status = place('status');
const studio = startStudio(say);
const samples = digitSamples().catch(() => undefined);

sourcePanel(place('source'), {
  onFiles: (files, isBundled) => void open(files, isBundled),
  onPicture: (picture) => { (trying?.showPicture ?? noPictures)(picture); },
  onError: complain,
}); // prettier-ignore

let trying: Trying | undefined;

/** Models that were asked for, and the one of them that is shown. */
let [asked, current] = [0, 0];

/** The steps of one model; each shows what it has as soon as it has it, unless another model was opened meanwhile. */
async function open(files: readonly GivenFile[], isBundled: boolean): Promise<void> {
  const own = ++asked;
  const isCurrent = () => own === current;
  status.className = '';
  try {
    const model = await studio.open(files);
    const shown = await samplesFor(isBundled);
    if (own !== asked) return;
    current = own;
    facts(place('facts'), model);
    trying?.end();
    trying = tryIt(place('try'), { studio, model, samples: shown, onError: complain });
    folds(place('folds'), model);
    graphs(place('graph'), model);
    speedPanel(place('speed'), studio, isCurrent);
    const allowReport = takePanel(place('take'), { studio, model, onError: complain });
    document.body.dataset.state = 'open';
    await parityPanel(place('parity'), {
      studio,
      sizeBytes: model.sizeBytes.folded,
      isCurrent,
      onDone: allowReport,
      onError: complain,
    });
  } catch (error) {
    if (isCurrent() || own === asked) complain(error);
  }
}

const samplesFor = (isBundled: boolean): Promise<Samples | undefined> =>
  isBundled ? samples : Promise.resolve(undefined);

function noPictures(): void {
  complain(new Error('The model that is open takes no pictures.'));
}

/** What went wrong stays until the next model is opened; work that goes on behind it does not talk over it. */
function say(message: string): void {
  if (status.className === 'problem') return;
  status.className = message === '' ? '' : 'busy';
  status.textContent = message;
}

function complain(error: unknown): void {
  const { message } = error as Error;
  const hint = error instanceof StudioError ? error.hint : undefined;
  status.className = 'problem';
  status.replaceChildren(h('strong', {}, 'That did not work. '), message, hint !== undefined && !message.includes(hint) ? ` ${hint}` : ''); // prettier-ignore
}
