import type { Reply, Request } from '../protocol.ts';
import type { Engines } from './engine.ts';

/** The first message that a worker gets; requests follow. */
export type ToWorker = { readonly kind: 'engines'; readonly engines: Engines } | Request;

/** What a worker says: answers, or why it can go on no longer. */
export type FromWorker = Reply | { readonly kind: 'died'; readonly how: string };
