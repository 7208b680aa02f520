import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Every bench of the runtime, one after the other, each in a process of its own: `tsx bench/runtime.ts [--quick]
 * [--dry-run] [NAME…]`; see bench/README.md. The exit code is 1 if one of them fails.
 */
const BENCHES: readonly (readonly [name: string, ...flags: string[]])[] = [
  ['overhead'],
  ['folding'],
  ['peers'],
  ['event-loop'],
  ['soak', '--expose-gc', '--max-semi-space-size=1'],
  ['faults'],
  ['browser'],
];

const given = process.argv.slice(2);
const names = given.filter((word) => !word.startsWith('-'));
const unknown = names.find((name) => !BENCHES.some(([known]) => known === name));
if (unknown !== undefined) throw new Error(`there is no bench ${unknown}`);

for (const [name, ...flags] of BENCHES) {
  if (names.length > 0 && !names.includes(name)) continue;
  console.log(`\n${name}`);
  const start = performance.now();
  const script = fileURLToPath(new URL(`runtime/${name}.ts`, import.meta.url));
  const options = given.filter((word) => word.startsWith('-'));
  const child = spawn(process.execPath, [...flags, '--import', 'tsx', script, ...options], { stdio: 'inherit' });
  const code = await new Promise((resolve) => child.on('close', resolve));
  console.log(`${code === 0 ? 'done' : 'FAILED'} in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  if (code !== 0) process.exitCode = 1;
}
