import {
  drawGraphs,
  exportModel,
  foldGraph,
  inMemoryFiles,
  readOnnx,
  reportPage,
  verify,
  writeOnnx,
  type Graph,
  type Inputs,
  type Load,
  type ParityReport,
  type Provider,
  type ReadOptions,
  type SourceFile,
} from 'edgefold/web';
import chartScript from 'uplot/dist/uPlot.iife.min.js?raw';
import chartStyle from 'uplot/dist/uPlot.min.css?raw';
import { chooseFile } from './choose-file.ts';
import { measureBoth } from './measure.ts';
import { Work } from './work.ts';
import type { BothRuns, GivenFile, OpenedModel, Speed, Studio } from './protocol.ts';

/** Everything that the page does with a model, in the thread that calls it. */
export class LocalStudio implements Studio {
  readonly #progress: (message: string) => void;
  #work: Work | undefined;
  #parity: ParityReport | undefined;
  /** On its way to take the place of `#work`. */
  #next: Work | undefined;
  #ticket = 0;

  constructor(progress: (message: string) => void) {
    this.#progress = progress;
  }

  /** What is open stays open until the next model has been loaded; one that is still on its way gives way at once. */
  async open(files: readonly GivenFile[]): Promise<OpenedModel> {
    const ticket = ++this.#ticket;
    this.#next?.end();
    const { name, bytes, siblings } = await chooseFile(files);
    this.#progress(`Reading ${name}`);
    const start = performance.now();
    const read = await readModel(name, bytes, siblings);
    const readAt = performance.now();
    this.#progress('Folding');
    const { graph: folded, report } = foldGraph(read.graph);
    const foldedAt = performance.now();
    const models = { unfolded: writeOnnx(read.graph).slice(), folded: writeOnnx(folded).slice() };
    const work = new Work(name, { graphs: { unfolded: read.graph, folded }, bytes: models, report });
    if (ticket !== this.#ticket) throw superseded();
    this.#next = work;
    this.#progress('Loading');
    const { inputs, outputs } = await work.model('folded', 'wasm');
    if (ticket !== this.#ticket) throw superseded();
    this.#work?.end();
    [this.#work, this.#next, this.#parity] = [work, undefined, undefined];
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
    const work = this.#open();
    const [before, after] = [await work.model('unfolded', provider), await work.model('folded', provider)];
    const start = performance.now();
    const unfolded = await before.run(inputs);
    const middle = performance.now();
    const folded = await after.run(inputs);
    const ms = { unfolded: middle - start, folded: performance.now() - middle };
    return { unfolded, folded, ms, report: after.report };
  }

  async verify(): Promise<ParityReport> {
    const work = this.#open();
    const { bytes, graphs, report } = work;
    this.#progress('Comparing unfolded and folded at every optimisation level');
    const parity = await verify({
      load: work.on('wasm'),
      reference: bytes.unfolded,
      candidate: bytes.folded,
      graphs: { reference: graphs.unfolded, candidate: graphs.folded, folds: report.folds },
    });
    if (work === this.#work) this.#parity = parity;
    return parity;
  }

  async compare(provider: Provider): Promise<ParityReport> {
    const work = this.#open();
    const { folded } = work.bytes;
    this.#progress(`Comparing WebAssembly and ${provider}`);
    const reference = folded.slice();
    const loadEither: Load = (source, options) => work.on(source === reference ? 'wasm' : provider)(source, options);
    return verify({ load: loadEither, reference, candidate: folded, levels: ['all'], samples: 2 });
  }

  async measure(provider: Provider): Promise<Speed> {
    this.#progress(`Measuring on ${provider}`);
    return measureBoth(this.#open(), provider);
  }

  model(): Promise<Blob> {
    return Promise.resolve(new Blob([this.#open().bytes.folded], { type: 'application/octet-stream' }));
  }

  report(): Promise<Blob> {
    const { name, graphs } = this.#open();
    if (!this.#parity) throw new Error('nothing has been compared yet');
    const page = reportPage(
      {
        reference: name,
        candidate: `${name}, folded`,
        parity: this.#parity,
        graphs: { reference: graphs.unfolded, candidate: graphs.folded },
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
}

const superseded = () => new Error('another model was opened meanwhile');

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
    const graph = readOnnx(whole(name, bytes, siblings), { name });
    return { graph, format: `ONNX, opset ${graph.opset}`, warnings: [] };
  }
  const { graph, source, warnings } = await exportModel(inMemoryFiles(name, bytes, siblings));
  return { graph, format: formatOf(source), warnings };
}

type ExternalData = NonNullable<ReadOptions['externalData']>;

/** The model with the weights that lie in other files. */
function whole(name: string, bytes: Uint8Array, siblings: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const externalData = readerOf(name, siblings);
  return writeOnnx(readOnnx(bytes, { name, externalData }), { externalData });
}

/** Nothing is opened but what was given, by the name that the model has for it. */
function readerOf(model: string, siblings: ReadonlyMap<string, Uint8Array>): ExternalData {
  return (location, offset, length) => {
    const bytes = siblings.get(location);
    if (!bytes) throw new Error(`${model} keeps weights in another file, ${location}. Give both files together.`);
    if (offset + length > bytes.length) throw new Error(`${location} ends before the weights that ${model} has there. It may belong to another model.`); // prettier-ignore
    return bytes.subarray(offset, offset + length);
  };
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
