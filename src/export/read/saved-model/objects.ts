import { bytesOf, damaged, integerOf, textOf } from './message.ts';

/** An object of the Python program that was saved: what it holds by name, and where its value is if it is a variable. */
export interface SavedObject {
  readonly children: ReadonlyMap<string, number>;
  readonly variable: { readonly fullName: string; readonly key: string } | undefined;
}

const GRAPH = { nodes: 1 } as const;
const OBJECT = { children: 1, attributes: 2 } as const;
const CHILD = { node: 1, name: 2 } as const;
const ATTRIBUTE = { name: 1, fullName: 2, key: 3 } as const;

/**
 * The objects of a checkpoint, by number; the first is the model.
 *
 * Source: TrackableObjectGraph in tensorflow/core/protobuf/trackable_object_graph.proto.
 */
export function readObjects(message: Uint8Array, where: string): readonly SavedObject[] {
  const nodes = bytesOf(message, GRAPH.nodes, where);
  return nodes.map((node) => readObject(node, nodes.length, where));
}

function readObject(node: Uint8Array, count: number, where: string): SavedObject {
  const children = bytesOf(node, OBJECT.children, where).map((child): [string, number] => {
    const id = integerOf(child, CHILD.node, where);
    if (id >= count) throw damaged(where, 'an object holds one that is not there');
    return [textOf(child, CHILD.name, where), id];
  });
  const value = bytesOf(node, OBJECT.attributes, where).find((one) => textOf(one, ATTRIBUTE.name, where) === 'VARIABLE_VALUE'); // prettier-ignore
  return {
    children: new Map(children),
    variable: value && {
      fullName: textOf(value, ATTRIBUTE.fullName, where),
      key: textOf(value, ATTRIBUTE.key, where),
    },
  };
}
