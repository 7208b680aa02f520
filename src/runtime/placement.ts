import type { NodeAtFault } from '../errors.ts';
import { EdgefoldError } from '../errors.ts';
import type { Placement, Provider } from './model.ts';

/** What onnxruntime calls its providers inside. JSEP and the WebGPU provider are the same to a caller. */
const NAMES: Readonly<Record<string, Provider>> = {
  CPUExecutionProvider: 'cpu',
  WebGpuExecutionProvider: 'webgpu',
  JsExecutionProvider: 'webgpu',
  CUDAExecutionProvider: 'cuda',
  NvTensorRTRTXExecutionProvider: 'tensorrt',
  TensorrtExecutionProvider: 'tensorrt',
  CoreMLExecutionProvider: 'coreml',
  DmlExecutionProvider: 'dml',
  WEBNNExecutionProvider: 'webnn',
  WebNNExecutionProvider: 'webnn',
};

const COPIES = new Set(['MemcpyFromHost', 'MemcpyToHost']);

interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  readonly args?: { readonly op_name?: string; readonly provider?: string };
}

/**
 * Reads onnxruntime's profile: each node that ran has an event of category `Node` whose name ends in `_kernel_time`,
 * with its operator and its provider. A node in the body of a Loop counts once.
 */
export function readPlacement(profile: string, used: Provider): Placement {
  const ours = used === 'wasm' ? 'cpu' : used;
  const nodes = nodesOf(profile);
  const computing = nodes.filter(({ operator }) => !COPIES.has(operator));
  const byProvider: Record<string, number> = {};
  for (const { provider } of computing) {
    const name = provider === 'cpu' && used === 'wasm' ? 'wasm' : provider;
    byProvider[name] = (byProvider[name] ?? 0) + 1;
  }
  return {
    total: computing.length,
    byProvider,
    elsewhere: computing.filter(({ provider }) => provider !== ours),
    copies: nodes.length - computing.length,
  };
}

function nodesOf(profile: string): NodeAtFault[] {
  const nodes = new Map<string, NodeAtFault>();
  for (const { cat, name = '', args } of eventsOf(profile)) {
    if (cat !== 'Node' || !name.endsWith(SUFFIX) || !args?.provider) continue;
    const { op_name: operator = '', provider } = args;
    const node = name.slice(0, -SUFFIX.length);
    const known = Object.hasOwn(NAMES, provider) ? NAMES[provider]! : provider;
    nodes.set(`${operator} ${node}`, { name: node, operator, provider: known });
  }
  return [...nodes.values()];
}

const SUFFIX = '_kernel_time';

function eventsOf(profile: string): readonly ProfileEvent[] {
  try {
    return JSON.parse(profile) as ProfileEvent[];
  } catch (cause) {
    throw new EdgefoldError('RUNTIME', 'the profile of onnxruntime cannot be read', { cause });
  }
}

/** `2 of 5 nodes run on the CPU: Hardmax "h", Selu "s"` */
export function strayText({ total, elsewhere }: Placement): string {
  const shown = elsewhere.slice(0, SHOWN).map(({ operator, name }) => (name ? `${operator} "${name}"` : operator));
  const more = elsewhere.length > SHOWN ? `, and ${String(elsewhere.length - SHOWN)} more` : '';
  const where = [...new Set(elsewhere.map(({ provider }) => provider))].join(', ');
  return `${String(elsewhere.length)} of ${String(total)} nodes run on ${where}: ${shown.join(', ')}${more}`;
}

const SHOWN = 5;
