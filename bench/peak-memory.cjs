/**
 * Loaded into the measured process: writes its peak resident memory in KiB to the file named by
 * EDGEFOLD_BENCH_PEAK when it ends. On Linux from VmHWM, which starts afresh with the program; the maximum of
 * getrusage begins with the size of the process that started it. Elsewhere getrusage is all there is. As CommonJS,
 * because Node's loader of the other modules takes as long to start as a small model to fold.
 */
const { readFileSync, writeFileSync } = require('node:fs');
const process = require('node:process');

function peakKiB() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
}

process.on('exit', () => {
  writeFileSync(process.env.EDGEFOLD_BENCH_PEAK, String(peakKiB()));
});
