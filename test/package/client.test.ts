/** Does the package, installed into an empty project, give a client without the worker and without AWS? */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installPacked, TSC, type Project } from '../support/packed';

/** What a service that only talks to Temporal needs. Nothing else can be resolved in the project of this test. */
const NEEDED = ['@temporalio/client', '@temporalio/common', 'nexus-rpc', 'zod'];
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

let project: Project;
beforeAll(async () => {
  project = await installPacked(['client/index.ts', 'nexus/index.ts'], NEEDED);
}, LIMIT_MS);
afterAll(() => project.remove());

function file(name: string): string {
  return join(project.folder, name);
}

describe('holdfast/client in a project of its own', () => {
  it('is imported as an ES module', async () => {
    await writeFile(file('use.mjs'), `import { connect, HoldfastError } from 'holdfast/client';${USE}`);

    expect(JSON.parse(await project.node('use.mjs'))).toEqual({ known: true, kind: 'unreachable' });
  });

  it('is required as CommonJS', async () => {
    const text = `const { connect, HoldfastError } = require('holdfast/client'); (async () => {${USE}})();`;
    await writeFile(file('use.cjs'), text);

    expect(JSON.parse(await project.node('use.cjs'))).toEqual({ known: true, kind: 'unreachable' });
  });

  it('loads neither the worker nor the AWS SDK, which are not even there', async () => {
    await writeFile(
      file('loaded.cjs'),
      `require('holdfast/client'); console.log(JSON.stringify(Object.keys(require.cache)));`,
    );

    const loaded = JSON.parse(await project.node('loaded.cjs')) as string[];

    expect(loaded.some((file) => file.includes('@temporalio/client'))).toBe(true);
    expect(loaded.filter((file) => /@aws-sdk|@temporalio\/worker|dist\/(workflows|activities|aws)/.test(file))).toEqual(
      [],
    );
    await expect(project.node('-e', `require('@temporalio/worker')`)).rejects.toThrow('Cannot find module');
  });

  it(
    'has types, for both kinds of modules',
    async () => {
      for (const ending of ['mts', 'cts']) await writeFile(file(`typed.${ending}`), TYPED);
      const compilerOptions = {
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: true,
        noEmit: true,
        module: 'nodenext',
        lib: ['es2023', 'dom'],
        types: [],
      };
      await writeFile(file('tsconfig.json'), JSON.stringify({ compilerOptions, include: ['typed.*'] }));

      await project.node(TSC, '-p', '.');
      await writeFile(file('typed.mts'), TYPED.replace("'one'", '1'));

      await expect(project.node(TSC, '-p', '.')).rejects.toThrow("Type 'number' is not assignable to type 'string'");
    },
    LIMIT_MS,
  );

  it('is declared with everything it needs, so that npm installs that too', async () => {
    const text = await readFile(file('node_modules/holdfast/package.json'), 'utf8');
    const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };

    expect(Object.keys(dependencies)).toEqual(expect.arrayContaining(NEEDED));
  });

  it('keeps what is not for others to itself', async () => {
    await expect(project.node('-e', `require('holdfast/dist/worker.js')`)).rejects.toThrow(
      'ERR_PACKAGE_PATH_NOT_EXPORTED',
    );
  });
});

describe('holdfast/nexus in a project of its own', () => {
  it('loads the contract and nothing that a workflow may not hold', async () => {
    await writeFile(
      file('contract.cjs'),
      `const { experiments } = require('holdfast/nexus');
       const loaded = Object.keys(require.cache).filter((file) => !file.endsWith('contract.cjs'));
       console.log(JSON.stringify({ operations: Object.keys(experiments.operations), loaded }));`,
    );

    const { operations, loaded } = JSON.parse(await project.node('contract.cjs')) as Record<string, string[]>;

    expect(operations).toEqual(['run', 'plan', 'extend', 'cancel']);
    expect(loaded?.filter((file) => !/nexus-rpc|dist\/nexus\//.test(file))).toEqual([]);
  });

  it('is imported as an ES module', async () => {
    await writeFile(
      file('contract.mjs'),
      `import { experiments, resultIn } from 'holdfast/nexus'; console.log(experiments.name, typeof resultIn);`,
    );

    expect(await project.node('contract.mjs')).toBe('experiments function\n');
  });
});
