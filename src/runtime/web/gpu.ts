import type { Missing } from '../binding.ts';
import { wordsOf } from '../faults.ts';
import type { Adapter } from '../model.ts';

/** A device of our own asking, so that what is reported of it is true of the one that runs the model. */
export interface Gpu {
  readonly device: GPUDevice;
  readonly adapter: Adapter;
}

/** What onnxruntime's kernels make use of. */
const FEATURES = ['shader-f16', 'subgroups', 'subgroup-size-control', 'timestamp-query'];

export async function openGpu(): Promise<Gpu | Missing> {
  // Absent from old browsers and from pages that are not served over HTTPS.
  const { gpu } = navigator as { readonly gpu?: GPU };
  if (!gpu) {
    return { reason: isSecureContext ? 'this browser has no WebGPU' : 'WebGPU is for pages served over HTTPS only' };
  }
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) return { reason: 'the browser has WebGPU, but gives no adapter for it' };
    const device = await adapter.requestDevice({
      requiredFeatures: FEATURES.filter((name) => adapter.features.has(name)) as GPUFeatureName[],
      requiredLimits: limitsOf(adapter),
    });
    return { device, adapter: describe(adapter) };
  } catch (cause) {
    return { reason: `no WebGPU device can be had: ${wordsOf(cause)}`, cause };
  }
}

/** All that the adapter has: a device that asks for nothing gets little. */
function limitsOf({ limits }: GPUAdapter): Record<string, number> {
  const all: Record<string, number> = {};
  for (const name in limits) {
    const limit = limits[name as keyof GPUSupportedLimits];
    if (typeof limit === 'number') all[name] = limit;
  }
  return all;
}

function describe({ info, features }: GPUAdapter): Adapter {
  const { vendor, architecture, isFallbackAdapter } = info;
  return { vendor, architecture, isFallback: isFallbackAdapter, hasFloat16: features.has('shader-f16') };
}
