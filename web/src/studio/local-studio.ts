import {
  drawGraphs,
  exportModel,
  foldGraph,
  inMemoryFiles,
  load,
  readOnnx,
  reportPage,
  verify,
  writeOnnx,
  type FoldReport,
  type Graph,
  type Inputs,
  type Load,
  type Model,
  type ParityReport,
  type Provider,
  type SourceFile,
} from 'edgefold/web';
import chartScript from 'uplot/dist/uPlot.iife.min.js?raw';
import chartStyle from 'uplot/dist/uPlot.min.css?raw';
import { chooseFile } from './choose-file.ts';
import { measureBoth } from './measure.ts';
import type { BothRuns, GivenFile, OpenedModel, Speed, Studio } from './protocol.ts';

interface Work {
  readonly name: string;
  readonly unfolded: Graph;
  readonly folded: Graph;
  readonly report: FoldReport;
  readonly bytes: Readonly<Record<Form, Uint8Array<ArrayBuffer>>>;
}
type Form = 'unfolded' | 'folded';

/** Everything that the page does with a model, in the thread that calls it. */
export class LocalStudio implements Studio {
  readonly #progress: (message: string) => void;
  readonly #loaded = new Map<string, Promise<Model>>();
  #work: Work | undefined;
  #parity: ParityReport | undefined;

  constructor(progress: (message: string) => void) {
    this.#progress = progress;
  }

  async open(files: readonly GivenFile[]): Promise<OpenedModel> {
    const { name, bytes, siblings } = await chooseFile(files);
    this.#progress(`Reading ${name}`);
    const start = performance.now();
    const read = await readModel(name, bytes, siblings);
    const readAt = performance.now();
    this.#progress('Folding');
    const { graph: folded, report } = foldGraph(read.graph);
    const foldedAt = performance.now();
    await this.#forget();
    const models = { unfolded: writeOnnx(read.graph).slice(), folded: writeOnnx(folded).slice() };
    this.#work = { name, unfolded: read.graph, folded, report, bytes: models };
    const { inputs, outputs } = await this.#model('folded', 'wasm');
    const drawings = drawGraphs(read.graph, folded);
    return {
      name,
      format: read.format,
      inputs,
      outputs,
      fold: report,
      sizeBytes: {
        source: files.reduce((total, { blob }) => total + blob.size, 0),
        unfolded: models.unfolded.length,
        folded: models.folded.length,
      },
      ms: { read: readAt - start, fold: foldedAt - readAt },
      drawings: { before: drawings.reference, after: drawings.candidate },
      warnings: [...read.warnings, ...report.warnings],
    };
  }

  async run(inputs: Inputs, provider: Provider): Promise<BothRuns> {
    const [before, after] = [await this.#model('unfolded', provider), await this.#model('folded', provider)];
    const start = performance.now();
    const unfolded = await before.run(inputs);
    const middle = performance.now();
    const folded = await after.run(inputs);
    const ms = { unfolded: middle - start, folded: performance.now() - middle };
    return { unfolded, folded, ms, report: after.report };
  }

  async verify(): Promise<ParityReport> {
    const work = this.#open();
    const { bytes, unfolded, folded, report } = work;
    this.#progress('Comparing unfolded and folded at every optimisation level');
    const parity = await verify({
      load: on('wasm'),
      reference: bytes.unfolded,
      candidate: bytes.folded,
      graphs: { reference: unfolded, candidate: folded, folds: report.folds },
    });
    if (work === this.#work) this.#parity = parity;
    return parity;
  }

  async compare(provider: Provider): Promise<ParityReport> {
    const { folded } = this.#open().bytes;
    this.#progress(`Comparing WebAssembly and ${provider}`);
    const reference = folded.slice();
    const loadEither: Load = (source, options) => on(source === reference ? 'wasm' : provider)(source, options);
    return verify({ load: loadEither, reference, candidate: folded, levels: ['all'], samples: 2 });
  }

  async measure(provider: Provider): Promise<Speed> {
    this.#progress(`Measuring on ${provider}`);
    return measureBoth(this.#open().bytes, provider);
  }

  model(): Promise<Blob> {
    return Promise.resolve(new Blob([this.#open().bytes.folded], { type: 'application/octet-stream' }));
  }

  report(): Promise<Blob> {
    const { name, unfolded: reference, folded: candidate } = this.#open();
    if (!this.#parity) throw new Error('nothing has been compared yet');
    const page = reportPage(
      {
        reference: name,
        candidate: `${name}, folded`,
        parity: this.#parity,
        graphs: { reference, candidate },
        command: 'the Edgefold page, in a browser',
        tool: 'edgefold',
      },
      { script: chartScript, style: chartStyle },
    );
    return Promise.resolve(new Blob([page], { type: 'text/html' }));
  }

  #open(): Work {
    if (!this.#work) throw new Error('no model is open');
    return this.#work;
  }

  #model(form: Form, provider: Provider): Promise<Model> {
    const key = `${form} ${provider}`;
    const loaded = this.#loaded.get(key) ?? on(provider)(this.#open().bytes[form]);
    this.#loaded.set(key, loaded);
    loaded.catch(() => this.#loaded.delete(key));
    return loaded;
  }

  async #forget(): Promise<void> {
    const loaded = [...this.#loaded.values()];
    this.#loaded.clear();
    this.#parity = undefined;
    for (const model of loaded) await model.then((found) => found.dispose()).catch(() => undefined);
  }
}

/** Loads on one provider and nowhere else. */
function on(provider: Provider): Load {
  return (source, options = {}) => load(source, { ...options, provider });
}

interface ReadModel {
  readonly graph: Graph;
  readonly format: string;
  readonly warnings: readonly string[];
}

/** An ONNX file is read as it is, everything else is exported. */
async function readModel(
  name: string,
  bytes: Uint8Array,
  siblings: ReadonlyMap<string, Uint8Array>,
): Promise<ReadModel> {
  if (name.toLowerCase().endsWith('.onnx')) {
    const graph = readOnnx(bytes, { name });
    return { graph, format: `ONNX, opset ${graph.opset}`, warnings: [] };
  }
  const { graph, source, warnings } = await exportModel(inMemoryFiles(name, bytes, siblings));
  return { graph, format: formatOf(source), warnings };
}

const FORMATS: Readonly<Record<SourceFile['format'], string>> = {
  'keras-v3': '.keras file',
  'keras-h5': 'HDF5 file',
  'tfjs-layers': 'TF.js layers model',
  'tfjs-graph': 'TF.js graph model',
  'saved-model': 'SavedModel',
};

const formatOf = ({ format, kerasVersion }: SourceFile): string =>
  kerasVersion === '' ? FORMATS[format] : `${FORMATS[format]}, Keras ${kerasVersion}`;
