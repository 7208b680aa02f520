import { load, type FoldReport, type Graph, type Load, type Model, type Provider } from 'edgefold/web';

export type Form = 'unfolded' | 'folded';

/** One model in both forms, and the sessions that were made of it. */
export class Work {
  readonly name: string;
  readonly graphs: Readonly<Record<Form, Graph>>;
  readonly bytes: Readonly<Record<Form, Uint8Array<ArrayBuffer>>>;
  readonly report: FoldReport;
  readonly #loaded = new Map<string, Promise<Model>>();
  readonly #ends = new AbortController();

  constructor(name: string, parts: Pick<Work, 'graphs' | 'bytes' | 'report'>) {
    this.name = name;
    this.graphs = parts.graphs;
    this.bytes = parts.bytes;
    this.report = parts.report;
  }

  /** Loads on one provider and nowhere else. */
  on(provider: Provider): Load {
    return (source, options = {}) => load(source, { ...options, provider, signal: this.#ends.signal });
  }

  /** The session of this form on this provider, made once. */
  model(form: Form, provider: Provider): Promise<Model> {
    const key = `${form} ${provider}`;
    const loaded = this.#loaded.get(key) ?? this.on(provider)(this.bytes[form]);
    this.#loaded.set(key, loaded);
    loaded.catch(() => this.#loaded.delete(key));
    return loaded;
  }

  /** Ends its loads, however long these would take, and frees its sessions. */
  end(): void {
    this.#ends.abort();
    for (const model of this.#loaded.values()) void model.then((found) => found.dispose()).catch(() => undefined);
  }
}
