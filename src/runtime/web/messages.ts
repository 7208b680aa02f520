import { errorData, type ErrorData, type Reply, type Request } from '../protocol.ts';
import type { Compile, Compiled } from './compile.ts';
import type { Engines } from './engine.ts';

/** The first message that a worker gets is `engines`; requests follow, and answers to what it asks for. */
export type ToWorker = { readonly kind: 'engines'; readonly engines: Engines } | CompiledMessage | Request;

export interface CompiledMessage {
  readonly kind: 'compiled';
  readonly wasm: string;
  readonly result: Compiled | ErrorData;
}

/** What a worker says: answers, what it needs, or why it can go on no longer. */
export type FromWorker =
  Reply | { readonly kind: 'compile'; readonly wasm: string } | { readonly kind: 'died'; readonly how: string };

export async function compiledMessage(wasm: string, compile: Compile): Promise<CompiledMessage> {
  return { kind: 'compiled', wasm, result: await compile(wasm).catch(errorData) };
}
