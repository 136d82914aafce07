import { execFile, type ExecFileException } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileFunction } from 'node:vm';
import ts from 'typescript';
import { readConfig } from '../../src/config';
import { startStack, type Stack } from '../../src/dev/stack';
import { sharedTemporal } from '../support/temporal';
import { commandsOf } from './command-line';
import { blocksOf, root, type Block } from './markdown';

/** The first experiment takes 20 s on two idle cores, the other two the same beside each other. */
jest.setTimeout(120_000);

const blocks = blocksOf('README.md');
const home = mkdtempSync(join(tmpdir(), 'holdfast-readme-'));
let stack: Stack;

beforeAll(async () => {
  const config = readConfig({ HOLDFAST_HOME: join(home, '.holdfast'), HOLDFAST_TEMPORAL_CLI: sharedTemporal().cli });
  // What `holdfast dev --exec` starts, on free ports and without a database.
  stack = await startStack({ config, scenario: 'quick', exec: true, log: () => undefined });
});
afterAll(async () => {
  await stack.stop();
  rmSync(home, { recursive: true, force: true });
});

/** Runs a line of the README in a folder of its own; the alias is what the README says it is. */
function run(line: string): Promise<{ code: number; out: string }> {
  const program = `${process.execPath} ${join(root, 'node_modules/tsx/dist/cli.mjs')} ${join(root, 'src/cli/main.ts')}`;
  const env = { PATH: process.env['PATH'], HOME: home, TEMPORAL_ADDRESS: stack.address };
  const cwd = join(home, 'work');
  mkdirSync(cwd, { recursive: true });
  for (const { file, text } of blocks) if (file !== undefined) writeFileSync(join(cwd, file), text);
  const command = line.replace(/^holdfast /, `${program} `);
  return new Promise((done) => {
    execFile('bash', ['-c', command], { cwd, env }, (error: ExecFileException | null, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, out: `${stdout}${stderr}` });
    });
  });
}

/** Numbers and digests differ from run to run; words may not. */
const shape = (line: string): string => line.trim().replace(/\b[0-9a-f]{12}\b|\d[\d.]*/g, '#');

/** The block after the one that fits. */
function blockWith(text: RegExp, after = 0): Block {
  const found = blocks.findIndex((block) => text.test(block.text));
  const block = blocks[found + after];
  if (found === -1 || block === undefined) throw new Error(`the README has no block with ${text.source}`);
  return block;
}

/** Calls the only function that a TypeScript block exports. */
async function callExample(page: string, address: string): Promise<unknown> {
  const [block] = blocksOf(page).filter(({ language }) => language === 'ts');
  const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  const { outputText } = ts.transpileModule(block?.text ?? '', { compilerOptions: options });
  const exported: Record<string, (address: string) => Promise<unknown>> = {};
  const load = compileFunction(outputText, ['require', 'exports']) as (
    require: NodeJS.Require,
    exports: object,
  ) => void;
  load(require, exported);
  const [example] = Object.values(exported);
  return example?.(address);
}

describe('the README', () => {
  it('leads to a first experiment that does what is printed there', async () => {
    const commands = commandsOf(blockWith(/^holdfast spec validate first\.yaml/m).text).filter((line) => line !== '');
    const printed = blockWith(/^holdfast spec validate first\.yaml/m, 1).text.split('\n');

    const ran = [];
    for (const command of commands) ran.push(await run(command));

    expect(ran.map(({ code, out }) => (code === 0 ? 0 : out))).toEqual(commands.map(() => 0));
    const lines = ran.flatMap(({ out }) => out.split('\n')).map(shape);
    const expected = printed.map(shape).filter((line) => line !== '' && line !== '...');
    expect(expected.length).toBeGreaterThan(6);
    expect(expected.filter((line) => !lines.includes(line))).toEqual([]);
  });

  it('cleans up by hand with the command it names', async () => {
    const { code, out } = await run(`${blockWith(/^holdfast cleanup/m).text.trim()} --regions us-west-2`);

    expect([code, out]).toEqual([0, expect.stringContaining('first-1')]);
  });

  it('starts experiments from another service, and so does the guide', async () => {
    const [id, result] = await Promise.all([
      callExample('README.md', stack.address),
      callExample('docs/services.md', stack.address),
    ]);

    expect(id).toBe('first-from-a-service');
    expect(result).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean' }, steps: [{ exitCode: 0 }] });
    expect((await stack.client.get('first-from-a-service').status()).desired).toEqual({ worker: 2 });
  });

  it('shows pictures that were taken', () => {
    for (const name of ['run-page', 'run-details']) {
      const png = readFileSync(join(root, 'docs/images', `${name}.png`));
      expect(png.subarray(1, 4).toString()).toBe('PNG');
      // Width in the header of a PNG: that of the page without its navigation.
      expect(png.readUInt32BE(16)).toBe(1235);
    }
  });
});
