const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Holds a first Ctrl-C or termination back until the work is done, then ends the process as the signal would: files
 * are written under another name first, which must not be left behind. A second signal ends it at once.
 */
export async function heldSignals<T>(work: () => Promise<T>): Promise<T> {
  let exitCode: number | undefined;
  const holders = Object.entries(SIGNALS).map(([signal, code]) => {
    const hold = () => (exitCode = code);
    process.once(signal, hold);
    return () => process.off(signal, hold);
  });
  try {
    return await work();
  } finally {
    for (const release of holders) release();
    if (exitCode !== undefined) process.exit(exitCode);
  }
}
