/** Does the package, installed into an empty project, give a client without the worker and without AWS? */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile, cp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(__dirname, '../..');
/** What a service that only talks to Temporal needs. Nothing else can be resolved in the project of this test. */
const NEEDED = ['@temporalio/client', '@temporalio/common', 'zod'];
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
/** Two compilations on a busy machine. */
const LIMIT_MS = 120_000;

const USE = `
  const error = await connect({ connection: { address: '127.0.0.1:1', connectTimeout: '500ms' } }).catch((e) => e);
  console.log(JSON.stringify({ known: error instanceof HoldfastError, kind: error.kind }));
`;
const TYPED = `
  import { connect, HoldfastError, type ExperimentInput, type ExperimentResult } from 'holdfast/client';
  const spec: ExperimentInput = { components: { a: { count: 2 } } };
  export async function run(): Promise<ExperimentResult['phase']> {
    const holdfast = await connect();
    const experiment = await holdfast.start(spec, { requestId: 'one' });
    for await (const { seq, text } of experiment.events()) console.log(seq.toFixed(), text);
    await experiment.wait('Ready');
    const outcome = await experiment.result();
    const phase: 'Done' | 'Failed' | 'Cancelled' | 'Expired' = outcome.phase;
    return phase;
  }
  export const isOurs = (error: unknown): boolean => error instanceof HoldfastError && error.kind === 'conflict';
`;

let project: string;
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'holdfast-package-'));
  await installPacked();
}, LIMIT_MS);
afterAll(() => rm(project, { recursive: true, force: true }));

describe('holdfast/client in a project of its own', () => {
  it('is imported as an ES module', async () => {
    await writeFile(join(project, 'use.mjs'), `import { connect, HoldfastError } from 'holdfast/client';${USE}`);

    expect(JSON.parse(await node('use.mjs'))).toEqual({ known: true, kind: 'unreachable' });
  });

  it('is required as CommonJS', async () => {
    const text = `const { connect, HoldfastError } = require('holdfast/client'); (async () => {${USE}})();`;
    await writeFile(join(project, 'use.cjs'), text);

    expect(JSON.parse(await node('use.cjs'))).toEqual({ known: true, kind: 'unreachable' });
  });

  it('loads neither the worker nor the AWS SDK, which are not even there', async () => {
    await writeFile(
      join(project, 'loaded.cjs'),
      `require('holdfast/client'); console.log(JSON.stringify(Object.keys(require.cache)));`,
    );

    const loaded = JSON.parse(await node('loaded.cjs')) as string[];

    expect(loaded.some((file) => file.includes('@temporalio/client'))).toBe(true);
    expect(loaded.filter((file) => /@aws-sdk|@temporalio\/worker|dist\/(workflows|activities|aws)/.test(file))).toEqual(
      [],
    );
    await expect(node('-e', `require('@temporalio/worker')`)).rejects.toThrow('Cannot find module');
  });

  it(
    'has types, for both kinds of modules',
    async () => {
      for (const ending of ['mts', 'cts']) await writeFile(join(project, `typed.${ending}`), TYPED);
      const compilerOptions = {
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: true,
        noEmit: true,
        module: 'nodenext',
        lib: ['es2023', 'dom'],
        types: [],
      };
      await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['typed.*'] }));

      await node(TSC, '-p', '.');
      await writeFile(join(project, 'typed.mts'), TYPED.replace("'one'", '1'));

      await expect(node(TSC, '-p', '.')).rejects.toThrow("Type 'number' is not assignable to type 'string'");
    },
    LIMIT_MS,
  );

  it('keeps what is not for others to itself', async () => {
    await expect(node('-e', `require('holdfast/dist/worker.js')`)).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});

/** Packs a copy in which only the client is built, unpacks it where npm would, and links only what the client needs. */
async function installPacked(): Promise<void> {
  const copy = join(project, 'copy');
  const modules = join(project, 'node_modules');
  await mkdir(copy);
  await mkdir(join(modules, 'holdfast'), { recursive: true });
  for (const name of ['package.json', 'examples', 'README.md', 'LICENSE']) {
    await cp(join(ROOT, name), join(copy, name), { recursive: true });
  }
  const only = { extends: join(ROOT, 'tsconfig.json'), include: [], files: [join(ROOT, 'src/client/index.ts')] };
  const outDir = join(copy, 'dist');
  const compilerOptions = { rootDir: join(ROOT, 'src'), typeRoots: [join(ROOT, 'node_modules/@types')], outDir };
  await writeFile(join(project, 'build.json'), JSON.stringify({ ...only, compilerOptions }));
  await node(TSC, '-p', 'build.json');
  const packed = await run('npm', ['pack', '--json', '--ignore-scripts', '--offline'], copy);
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  await run('tar', ['-xzf', join(copy, filename), '--strip-components=1', '-C', join(modules, 'holdfast')], project);
  for (const name of NEEDED) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
  const { dependencies } = JSON.parse(await readFile(join(modules, 'holdfast/package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  expect(Object.keys(dependencies)).toEqual(expect.arrayContaining(NEEDED));
}

function node(...args: string[]): Promise<string> {
  return run(process.execPath, args, project);
}

async function run(program: string, args: string[], cwd: string): Promise<string> {
  try {
    return (await promisify(execFile)(program, args, { cwd })).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error });
  }
}
