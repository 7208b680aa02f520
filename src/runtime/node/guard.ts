import { spawn } from 'node:child_process';

/** Work that takes longer than this may be endless. */
const PATIENCE_MS = 1000;

export interface Guard {
  setBusy(isBusy: boolean): void;
  stop(): void;
}

/**
 * Ends a process that this one has started, should this one be killed meanwhile: in an endless native call it would
 * not notice, and run for ever. A shell waits at a pipe whose other end closes with this process. It is started for
 * long work only. Windows has no such shell; there is no guard there.
 */
export function guard(pid: number | undefined): Guard {
  let timer: NodeJS.Timeout | undefined;
  let stop: () => void = () => undefined;
  const start = () => {
    stop = watch(pid!);
  };
  return {
    setBusy(isBusy) {
      clearTimeout(timer);
      timer = isBusy && pid !== undefined && process.platform !== 'win32' ? setTimeout(start, PATIENCE_MS).unref() : undefined; // prettier-ignore
      if (!isBusy) stop();
    },
    stop() {
      clearTimeout(timer);
      stop();
    },
  };
}

/** A line at the pipe means that all is well; its end, that nobody is there. */
function watch(pid: number): () => void {
  const shell = spawn('/bin/sh', ['-c', 'read line || kill -9 "$0"', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // An interrupt from the keyboard is not for the guard.
    detached: true,
  });
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  (shell.stdin as { unref?(): void }).unref?.();
  return () => {
    shell.stdin.end('\n');
  };
}
