import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { edgefold, MAIN, repositoryPath } from '../support/cli.ts';

const VERBS = ['export', 'fold', 'verify', 'bisect', 'inspect', 'run', 'doctor'];
const DIGITS = 'models/digits/norm-before-activation/model.keras';

describe('edgefold', () => {
  test('--help lists every verb on stdout and ends with 0', async () => {
    for (const option of ['--help', '-h', 'help']) {
      const { code, stdout, stderr } = await edgefold([option]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      for (const verb of VERBS) expect(stdout).toMatch(new RegExp(`^ {2}${verb} +\\S`, 'm'));
    }
  });

  test.each(VERBS)('%s --help shows its options and a complete example', async (verb) => {
    const { code, stdout, stderr } = await edgefold([verb, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^edgefold ${verb}`));
    expect(stdout).toMatch(/^ {6}--json /m);
    expect(stdout).toMatch(new RegExp(`Examples?:\n  edgefold ${verb}`));
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    expect((await edgefold(['help', verb])).stdout).toBe(stdout);
  });

  test('--version prints the version of the package and nothing else', async () => {
    const { version } = JSON.parse(readFileSync(repositoryPath('package.json'), 'utf8')) as { version: string };
    for (const args of [['--version'], ['fold', '--version']]) {
      expect(await edgefold(args)).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    }
  });

  test('without a verb, or with a wrong one, says what to do and ends with 1', async () => {
    const says = async (...args: string[]) => {
      const { code, stdout, stderr } = await edgefold(args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      return stderr;
    };
    expect(await says()).toMatch(/^error: say what to do/);
    expect(await says('fodl')).toMatch(/no such verb\. Did you mean "edgefold fold"\?/);
    expect(await says('-q')).toMatch(/the verb comes first/);
    expect(await says('constructor')).toMatch(/no such verb/);
  });

  test('with a wrong option says which is meant', async () => {
    const { code, stderr } = await edgefold(['export', DIGITS, '--ouput', 'x.onnx']);
    expect(code).toBe(1);
    expect(stderr).toBe('error: --ouput: export has no such option. Did you mean --output?\n');
  });

  test('with --json prints an error as one document on stdout and nothing on stderr', async () => {
    const { code, stdout, stderr } = await edgefold(['fold', 'not-there.onnx', '--json']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'FILE', where: 'not-there.onnx', expected: null } });
  });

  test('shows the stack of an error only with --debug', async () => {
    const plain = await edgefold(['fold', 'not-there.onnx']);
    expect(plain.stderr).not.toMatch(/\n\s+at /);
    const debug = await edgefold(['fold', 'not-there.onnx', '--debug']);
    expect(debug.stderr).toMatch(/EdgefoldError: not-there\.onnx.*\n\s+at /);
  });

  test('ends quietly when nobody reads its output', async () => {
    const child = spawn(process.execPath, [MAIN, 'inspect', DIGITS, '--json'], {
      cwd: repositoryPath('.'),
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    await once(child, 'close');
    expect(stderr).toBe('');
  });
});
