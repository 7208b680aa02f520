import type { Graph, Node, Value } from '../onnx/graph.ts';

/** Keys of ai.onnx.ml LabelEncoder, in versions 1, 2 and 4. */
const KEYS = ['classes_strings', 'keys_strings', 'keys_tensor'] as const;

/** The words that a graph looks up in each of its string inputs, by the name of the input, each word once. */
export function vocabulariesOf({ inputs }: Graph): Readonly<Record<string, readonly string[]>> {
  const texts = inputs.filter(({ dtype }) => dtype === 'string');
  return Object.fromEntries(texts.map((input) => [input.name, [...new Set(lookedUp(input))]]));
}

/** Forward through whatever hands texts on. */
function* lookedUp(input: Value): Generator<string> {
  const reached = new Set([input]);
  for (const value of reached) {
    for (const { node } of value.uses) {
      if (node.opType === 'LabelEncoder') yield* keysOf(node);
      else for (const output of node.outputs) if (output && mayBeText(output)) reached.add(output);
    }
  }
}

const mayBeText = ({ dtype }: Value): boolean => dtype === undefined || dtype === 'string';

function keysOf({ attributes }: Node): readonly string[] {
  return KEYS.flatMap((name) => {
    const keys = attributes.get(name);
    if (keys?.kind === 'strings') return keys.value;
    return keys?.kind === 'tensor' && keys.value.dtype === 'string' ? (keys.value.tensor().data as readonly string[]) : [];
  });
} // prettier-ignore
