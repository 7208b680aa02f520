import type { Tensor } from '../tensor.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export type SourceFormat = 'keras-v3' | 'keras-h5' | 'tfjs-layers' | 'tfjs-graph' | 'saved-model';

/**
 * A trained Keras or TF.js model as plain data: what the file says, in one vocabulary for every generation of
 * file, with nothing decided and nothing instantiated. Readers make it, lowerings consume it.
 */
export interface SourceModel {
  readonly name: string;
  /** In the file's order, which is a valid evaluation order only for Sequential. */
  readonly layers: readonly SourceLayer[];
  readonly inputs: readonly TensorRef[];
  readonly outputs: readonly TensorRef[];
  /** What callers know the inputs and outputs by, where that is not the name of a layer. */
  readonly names?: { readonly inputs: readonly string[]; readonly outputs: readonly string[] } | undefined;
}

/** The top of a file: the model and what was written about how it was made. */
export interface SourceFile {
  readonly format: SourceFormat;
  /** As written (`2.4.0`, `3.15.1`, `tfjs-layers 4.22.0`); `''` if the file does not say. */
  readonly kerasVersion: string;
  /** The generation whose rules apply: hard_sigmoid and others differ. TF.js layers follow Keras 2. */
  readonly kerasMajor: 2 | 3;
  readonly model: SourceModel;
  /** Things worth telling the user: non-default fields that were ignored, left-over weights. */
  readonly warnings: readonly string[];
}

/** Output `tensor` of call number `call` (0-based) of the layer named `layer` in the same model. */
export interface TensorRef {
  readonly layer: string;
  readonly call: number;
  readonly tensor: number;
}

/** A constant written in the file; of whole numbers, whether they are written as floats. */
export interface WrittenConstant {
  readonly constant: JsonValue;
  readonly isFloat?: boolean;
}

/** An argument of a call: a tensor of the graph, a list of them, or a constant. */
export type CallArgument = { readonly ref: TensorRef } | { readonly list: readonly CallArgument[] } | WrittenConstant;

/** One use of a layer. A layer with several calls is shared. */
export interface SourceCall {
  readonly args: readonly CallArgument[];
  readonly kwargs: Readonly<Record<string, CallArgument>>;
}

export interface SourceLayer {
  readonly name: string;
  /** Today's Keras class name: `BatchNormalizationV1` reads `BatchNormalization`, `Convolution2D` `Conv2D`. */
  readonly className: string;
  /** The class name as written in the file, for messages. */
  readonly sourceClassName: string;
  /** Python module as written; tells an operation node (`keras.src.ops.*`) from the layer of the same name. */
  readonly module: string | undefined;
  readonly config: JsonObject;
  /** Empty for a Sequential member list that was not wired; readers wire Sequential models, so never empty there. */
  readonly calls: readonly SourceCall[];
  /** By Keras's own variable name (`kernel`, `bias`, `gamma`, `moving_mean`, `depthwise_kernel`, …). */
  readonly weights: readonly SourceWeight[];
  readonly trainable: boolean;
  /** Present when the layer is itself a model (Sequential, Functional, Model); not wired, the layers in a wrapper. */
  readonly model: SourceModel | undefined;
}

export interface SourceWeight {
  readonly name: string;
  /** Where the file holds it, for messages and `inspect`: `model_weights/dense/dense/kernel:0`. */
  readonly path: string;
  readonly trainable: boolean;
  readonly shape: readonly number[];
  /** float32 after dequantisation; decoded on call. */
  tensor(): Tensor<'float32'>;
  /** Present where the file says that it holds integers or truth values: those, exactly. */
  readonly integers?: (() => Tensor<'int32' | 'bool'>) | undefined;
}

/**
 * Where a reader gets its bytes: the file itself and, for formats of several files, its siblings by plain name.
 * The one who makes it guards the folder: a name that leaves it is refused with UNSAFE.
 */
export interface SourceFiles {
  /** For messages only. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** A file beside it, by the relative name that the model file gives. @throws {EdgefoldError} FILE, UNSAFE. */
  sibling(name: string): Promise<Uint8Array>;
  /** Names of the files beside it; to find weights next to an architecture-only `.json`. */
  siblings(): Promise<readonly string[]>;
}
