import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONDITIONS, differences, hashesUnder, hashOf, NODES, programOf, VERSIONS, type Condition } from './determinism/matrix.ts'; // prettier-ignore

/** Makes the same files under every condition and on Node 20, 22 and 24, which it installs, and prints one hash. */
function install(version: number): void {
  if (existsSync(programOf(version))) return;
  const folder = join(NODES, String(version));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  execFileSync('npm', ['install', `node@${version}`, '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
}

for (const version of VERSIONS) install(version);
const nodes = VERSIONS.map((version): Condition => ({ name: `Node ${version}`, node: programOf(version) }));
const expected = await hashesUnder(CONDITIONS[0]!, 'all');
for (const condition of [...CONDITIONS, ...nodes]) {
  const hashes = await hashesUnder(condition, 'all');
  const wrong = differences(expected, hashes);
  console.log(`${hashOf(hashes).slice(0, 16)}  ${condition.name}${wrong.length > 0 ? `: ${wrong.join(', ')}` : ''}`);
  if (wrong.length > 0) process.exitCode = 1;
}
console.log(`${expected.size} files, ${CONDITIONS.length + nodes.length} conditions: ${process.exitCode === 1 ? 'they differ' : hashOf(expected)}`); // prettier-ignore
