import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { merge, setValue } from '../../src/cli/layers';
import { Problem } from '../../src/cli/problem';
import { loadSpec, readSpecFile, specProblems } from '../../src/cli/spec-file';

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

describe('a spec file', () => {
  it('names line and column of each mistake, and what was probably meant', async () => {
    const file = await write('wrong.yaml', 'components:\n  broker:\n    cuont: 3\n    minReady: 0\n');
    const read = await readSpecFile(file);

    const problems = specProblems(read.value, [read]);

    expect(problems).toHaveLength(2);
    expect(problems.join('\n')).toContain(
      `${file}:3:5 components.broker.cuont: is no known field; did you mean "count"?`,
    );
    expect(problems.join('\n')).toContain(`${file}:4:5 components.broker.minReady: `);
  });

  it('finds places in lists and in JSON', async () => {
    const file = await write('wrong.json', '{"regions": ["us-west-2",\n "nowhere"],\n "components": {"a": {}}}');
    const read = await readSpecFile(file);

    expect(specProblems(read.value, [read])[0]).toContain(`${file}:2:2 regions.1: is no region`);
  });

  it('points at the nearest parent when what is wrong is missing', async () => {
    const file = await write('missing.yaml', 'name: x\nsteps:\n  - name: a\n    run: b\ncomponents: { a: {} }\n');
    const read = await readSpecFile(file);

    expect(specProblems(read.value, [read])[0]).toContain(`${file}:3:5 steps.0.on: `);
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
  it('merge maps, replace lists and let the later one win', () => {
    const below = { a: { x: 1, y: [1, 2] }, b: 'kept' };

    expect(merge(below, { a: { y: [3], z: true } })).toEqual({ a: { x: 1, y: [3], z: true }, b: 'kept' });
    expect(below).toEqual({ a: { x: 1, y: [1, 2] }, b: 'kept' });
  });

  it('set one field with its YAML type, making the maps on the way', () => {
    expect(setValue({ components: { a: { count: 1 } } }, 'components.a.count=3')).toEqual({
      components: { a: { count: 3 } },
    });
    expect(setValue({}, 'regions=[us-east-1]')).toEqual({ regions: ['us-east-1'] });
    expect(setValue({ steps: [{ run: 'a' }] }, 'steps.0.run=x=y')).toEqual({ steps: [{ run: 'x=y' }] });
  });

  it('refuse an assignment without a value', () => {
    expect(() => setValue({}, 'lease')).toThrow('write it as path.to.field=value');
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
