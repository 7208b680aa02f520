const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Holds a first Ctrl-C or termination back until the work is done, then ends the process as the signal would: files
 * are written under another name first, which must not be left behind. A second signal ends it at once.
 */
export async function heldSignals<T>(work: () => Promise<T>): Promise<T> {
  let exitCode: number | undefined;
  const release = onSignal((code) => (exitCode = code));
  try {
    return await work();
  } finally {
    release();
    if (exitCode !== undefined) process.exit(exitCode);
  }
}

/** Cleans up when the work ends, and when a signal ends it. */
export async function withCleanup<T>(cleanUp: () => void, work: () => Promise<T>): Promise<T> {
  const release = onSignal((code) => {
    cleanUp();
    process.exit(code);
  });
  try {
    return await work();
  } finally {
    release();
    cleanUp();
  }
}

function onSignal(react: (exitCode: number) => void): () => void {
  const releases = Object.entries(EXIT_CODES).map(([signal, code]) => {
    const listener = () => {
      react(code);
    };
    process.once(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => {
    for (const release of releases) release();
  };
}
