import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../src/cli/problem';
import { placed, readSpecFile } from '../../src/cli/spec-file';
import { loadSpec as load, type LoadedSpec } from '../../src/cli/spec-layers';
import { createFolderLibrary } from '../../src/library/folder';
import { parseExperiment } from '../../src/schemas/parse';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-spec-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

async function problemFrom(promise: Promise<unknown>): Promise<Problem> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Problem)) throw new Error(`expected a Problem, got ${String(error)}`);
  return error;
}

function loadSpec(file: string[], set: string[]): Promise<LoadedSpec> {
  return load({ file, set }, createFolderLibrary());
}

async function specProblems(file: string): Promise<string[]> {
  const read = await readSpecFile(file);
  const parsed = parseExperiment(read.value);
  return parsed.ok ? [] : parsed.problems.map((problem) => placed(problem, [read]));
}

describe('a spec file', () => {
  it('names line and column of each mistake, and what was probably meant', async () => {
    const file = await write('wrong.yaml', 'components:\n  broker:\n    cuont: 3\n    minReady: 0\n');

    const problems = await specProblems(file);

    expect(problems).toHaveLength(2);
    expect(problems.join('\n')).toContain(
      `${file}:3:5 components.broker.cuont: is no known field; did you mean "count"?`,
    );
    expect(problems.join('\n')).toContain(`${file}:4:5 components.broker.minReady: `);
  });

  it('finds places in lists and in JSON', async () => {
    const file = await write('wrong.json', '{"regions": ["us-west-2",\n "nowhere"],\n "components": {"a": {}}}');

    expect((await specProblems(file))[0]).toContain(`${file}:2:2 regions.1: is no region`);
  });

  it('points at the nearest parent when what is wrong is missing', async () => {
    const file = await write('missing.yaml', 'name: x\nsteps:\n  - name: a\n    run: b\ncomponents: { a: {} }\n');

    expect((await specProblems(file))[0]).toContain(`${file}:3:5 steps.0.on: `);
  });

  it('is refused with the line when it is no YAML', async () => {
    const problem = await problemFrom(readSpecFile(await write('broken.yaml', 'a: [1,\nb: 2\n')));

    expect(problem.exitCode).toBe(3);
    expect(problem.lines[0]).toContain('line 2');
  });

  it('is refused when it is not there', async () => {
    const problem = await problemFrom(readSpecFile(join(folder, 'nothing.yaml')));

    expect(problem.message).toContain('no such file');
  });
});

describe('layers', () => {
  it('refuse an assignment without a value', async () => {
    const base = await write('plain.yaml', 'components: { a: {} }\n');

    expect((await problemFrom(loadSpec([base], ['lease']))).message).toContain('write it as path.to.field=value');
  });

  it('take assignments with their YAML types, into lists too', async () => {
    const base = await write(
      'listed.yaml',
      'instanceProfile: p\ncomponents: { a: {} }\nsteps: [{ name: s, on: a, run: x }]\n',
    );

    const { input } = await loadSpec([base], ['components.a.count=3', 'regions=[us-east-1]', 'steps.0.run=x=y']);

    expect(input).toMatchObject({ regions: ['us-east-1'], components: { a: { count: 3 } } });
    expect(input.steps).toEqual([{ name: 's', on: 'a', run: 'x=y' }]);
  });

  it('combine files and assignments into one spec', async () => {
    const base = await write('base.yaml', 'lease: 1h\ncomponents: { a: { count: 1, widerTypes: [t3.large] } }\n');
    const over = await write('over.yaml', 'components: { a: { count: 2 } }\n');

    const { input, spec } = await loadSpec([base, over], ['lease=2h']);

    expect(spec.components['a']).toMatchObject({ count: 2, widerTypes: ['t3.large'] });
    expect(spec.lease).toBe(7200);
    expect(input.lease).toBe('2h');
  });

  it('are refused together, each mistake placed in the file that wrote it', async () => {
    const base = await write('good.yaml', 'components: { a: {} }\n');
    const over = await write('bad.yaml', 'lease: soon\n');

    const problem = await problemFrom(loadSpec([base, over], []));

    expect(problem.exitCode).toBe(3);
    expect(problem.lines).toEqual([expect.stringContaining(`${over}:1:1 lease: is no duration`)]);
  });
});
