import { isMainThread } from 'node:worker_threads';
import { EdgefoldError } from '../../errors.ts';

export const TELEMETRY_SWITCH = 'ORT_DISABLE_TELEMETRY';

/**
 * Switches onnxruntime's telemetry off for the whole process. `load` does this itself on the main thread; call it
 * there before starting a worker that loads models, because a worker's `process.env` is a copy that native code
 * never reads.
 */
export function disableTelemetry(): void {
  process.env[TELEMETRY_SWITCH] = '1';
}

/** @throws {EdgefoldError} RUNTIME, in a worker whose native code would see telemetry on. */
export function checkTelemetry(): void {
  if (isMainThread) disableTelemetry();
  if (nativeEnvironment()[TELEMETRY_SWITCH] === '1') return;
  throw new EdgefoldError('RUNTIME', 'onnxruntime would send telemetry from this worker thread', {
    hint: `Call disableTelemetry() on the main thread first, or start Node with ${TELEMETRY_SWITCH}=1.`,
  });
}

/** The environment as native code sees it; in a worker only a diagnostic report shows it. */
function nativeEnvironment(): Readonly<Record<string, string | undefined>> {
  if (isMainThread) return process.env;
  const { report } = process as unknown as { report: { excludeNetwork: boolean; getReport(): object } };
  report.excludeNetwork = true;
  return (report.getReport() as { environmentVariables: Record<string, string> }).environmentVariables;
}
