import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HoldfastError } from '../../src/client';
import { createProgram } from '../../src/cli/program';
import type { CleanupPlan, CleanupResult, ExperimentResult } from '../../src/contracts/messages';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { SCENARIO_NAMES } from '../../src/simulator/scenario-names';
import { aHandle, runCli } from './fake-context';
import { aResult, aStatus } from './fixtures';

let folder: string;
let spec: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-cli-'));
  spec = join(folder, 'spec.yaml');
  await writeFile(spec, 'name: lab\ncomponents: { a: { count: 1 } }\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('run', () => {
  it('starts what the layers say, with the owner of this machine, and prints the end', async () => {
    const started: ExperimentInput[] = [];
    const start = (input: ExperimentInput): Promise<ReturnType<typeof aHandle>> => {
      started.push(input);
      return Promise.resolve(aHandle());
    };

    const ran = await runCli(['run', '-f', spec, '--set', 'components.a.count=2'], { client: { start } });

    expect(ran.code).toBe(0);
    expect(started).toEqual([{ name: 'lab', owner: 'ada', components: { a: { count: 2 } } }]);
    expect(ran.out.join('\n')).toContain('phase Done');
    expect(ran.out.join('\n')).toContain('clean: nothing is left');
  });

  it.each<[Partial<ExperimentResult>, number]>([
    [{ phase: 'Failed', reason: 'Workload' }, 1],
    [{ phase: 'Failed', reason: 'Timeout' }, 1],
    [{ phase: 'Failed', reason: 'Capacity' }, 2],
    [{ phase: 'Failed', reason: 'NotReady' }, 2],
    [{ phase: 'Failed' }, 2],
    [{ phase: 'Failed', reason: 'Quota' }, 3],
    [{ phase: 'Cancelled', reason: 'User' }, 4],
    [{ phase: 'Expired', reason: 'Timeout' }, 4],
  ])('answers %j with exit code %d', async (end, code) => {
    const get = (): ReturnType<typeof aHandle> => aHandle({ result: () => Promise.resolve(aResult(end)) });

    expect((await runCli(['run', '-f', spec], { client: { get } })).code).toBe(code);
  });

  it('prints one JSON document on standard output, progress beside it', async () => {
    const ran = await runCli(['run', '-f', spec, '-o', 'json']);

    expect(JSON.parse(ran.out.join('\n'))).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean' } });
    expect(ran.err).toContain('phase Done');
  });

  it('leaves the experiment running on Ctrl-C and says how to follow and end it', async () => {
    const endless = aHandle({ status: () => Promise.resolve(aStatus()), result: () => new Promise(() => undefined) });

    const ran = await runCli(['run', '-f', spec], {
      client: { get: () => endless },
      onInterrupt: (press) => {
        setImmediate(press);
      },
    });

    expect(ran.code).toBe(0);
    expect(ran.err.join('\n')).toContain('left lab-260102-1504-x7kd running');
    expect(ran.err.join('\n')).toContain('holdfast attach lab-260102-1504-x7kd');
    expect(ran.err.join('\n')).toContain('holdfast stop lab-260102-1504-x7kd');
  });

  it('goes on waiting while no worker answers, and says so once', async () => {
    let asked = 0;
    const finished = deferred<ExperimentResult>();
    const status = (): Promise<never> => {
      asked += 1;
      if (asked === 3) finished.resolve(aResult());
      return Promise.reject(new HoldfastError('no-worker', 'no worker answers'));
    };

    const ran = await runCli(['run', '-f', spec], {
      client: { get: () => aHandle({ status, result: () => finished.promise }) },
    });

    expect(ran.code).toBe(0);
    expect(ran.out.filter((line) => line.startsWith('waiting:'))).toEqual(['waiting: no worker answers']);
  });

  it('redraws in place on a terminal', async () => {
    const ran = await runCli(['run', '-f', spec], { tty: true });

    expect(ran.out.join('')).toContain('\u001b[J');
    expect(ran.out.some((text) => text.startsWith('\u001b[') && text.includes('A\r'))).toBe(true);
  });

  it('refuses a wrong spec with exit code 3 and one line per mistake, and starts nothing', async () => {
    const bad = join(folder, 'bad.yaml');
    await writeFile(bad, 'lease: soon\ncomponents: { a: { cuont: 1 } }\n');
    const start = (): Promise<never> => Promise.reject(new Error('must not start'));

    const ran = await runCli(['run', '-f', bad], { client: { start } });

    expect(ran.code).toBe(3);
    expect(ran.err.filter((line) => line.includes(bad) && /:\d+:\d+ /.test(line))).toHaveLength(2);
  });
});

describe('a template', () => {
  it('is put together here, and sent without its name', async () => {
    const started: ExperimentInput[] = [];
    const start = (input: ExperimentInput): Promise<ReturnType<typeof aHandle>> => {
      started.push(input);
      return Promise.resolve(aHandle());
    };

    const ran = await runCli(['run', '-t', 'pulsar-quick', '--set', 'steps.0.timeout=1m'], { client: { start } });

    expect(ran.code).toBe(0);
    expect(started).toMatchObject([{ name: 'pulsar-quick', owner: 'ada', steps: [{ name: 'quick', timeout: '1m' }] }]);
    expect(started[0]).not.toHaveProperty('template');
  });

  it('that nobody knows is refused with the one that was meant, and no spec at all with what to do', async () => {
    const unknown = await runCli(['run', '-t', 'pulsar-quik']);
    const none = await runCli(['run']);

    expect(unknown).toMatchObject({ code: 3, err: [expect.any(String), expect.stringContaining('"pulsar-quick"')] });
    expect(none).toMatchObject({ code: 3, err: ['error: no spec is given', expect.stringContaining('-t pulsar-lab')] });
  });

  it('comes from the user before it comes from the package, over the default profile, and shows where from', async () => {
    await mkdir(join(folder, 'templates'), { recursive: true });
    await mkdir(join(folder, 'profiles'), { recursive: true });
    await writeFile(join(folder, 'templates', 'gpu-one.yaml'), 'components: { mine: { count: 2 } }\n');
    await writeFile(join(folder, 'profiles', 'default.yaml'), 'lease: 3h\nproject: team\n');

    const shown = await runCli(['spec', 'show', '-t', 'gpu-one', '--set', 'lease=1h', '--origins'], { home: folder });
    const rows = shown.out.map((line) => line.split(/ {2,}/));

    expect(rows).toContainEqual(['components.mine.count', '2', 'template gpu-one']);
    expect(rows).toContainEqual(['project', 'team', 'profile default']);
    expect(rows).toContainEqual(['lease', '3600', '--set lease']);
    expect(rows).toContainEqual(['market', 'spot-then-on-demand', 'built-in']);
    await rm(join(folder, 'profiles'), { recursive: true });
  });

  it('that is no YAML is refused with its file', async () => {
    await writeFile(join(folder, 'templates', 'broken.yaml'), 'a: [1,\n');

    const ran = await runCli(['run', '-t', 'broken'], { home: folder });

    expect(ran.code).toBe(3);
    expect(ran.err.join('\n')).toContain('templates/broken.yaml');
  });
});

describe('init', () => {
  it('writes a file that is right and its schema beside it, and never over a file that is there', async () => {
    const file = join(folder, 'fresh.yaml');

    const first = await runCli(['init', file]);
    const second = await runCli(['init', file]);

    expect(first.code).toBe(0);
    expect((await readFile(file, 'utf8')).split('\n')[0]).toBe(
      '# yaml-language-server: $schema=./experiment.schema.json',
    );
    expect(JSON.parse(await readFile(join(folder, 'experiment.schema.json'), 'utf8'))).toHaveProperty('anyOf');
    expect((await runCli(['validate', file])).out).toEqual([`${file}: ok`]);
    expect(second).toMatchObject({
      code: 3,
      err: [expect.stringContaining('it is there already'), expect.any(String)],
    });
  });
});

describe('capacity', () => {
  const untilMs = Date.parse('2026-01-02T15:07:13Z');
  const block = { untilMs, strikes: 2, class: 'capacity', code: 'UnfulfillableCapacity', atMs: 0 } as const;
  const blocks = { 'pool:us-west-2a/t3.micro/spot': block, 'subnet:subnet-1': { ...block, untilMs: 0 } };
  const memories = [
    { account: '1', region: 'us-west-2', told: 3, ignored: 0, blocks, open: {} },
    { account: '2', region: 'us-west-2', told: 0, ignored: 0, blocks: {}, open: {}, problem: 'nobody is there' },
  ];
  const asked: (string | undefined)[] = [];
  const client = {
    capacity: (region?: string) => {
      asked.push(region);
      return Promise.resolve(memories);
    },
  };

  it('shows what is left alone, for how long, and what comes after', async () => {
    const { out, code } = await runCli(['capacity', '--region', 'us-west-2'], { client });

    expect({ code, asked }).toEqual({ code: 0, asked: ['us-west-2'] });
    expect(out.map((line) => line.split(/ {2,}/))).toEqual([
      ['ACCOUNT', 'REGION', 'WHAT', 'OPENS IN', 'THEN AT ONCE', 'STRIKES', 'CLASS', 'CODE'],
      ['1', 'us-west-2', 'pool:us-west-2a/t3.micro/spot', '3m00s', '1', '2', 'capacity', 'UnfulfillableCapacity'],
      ['1', 'us-west-2', 'subnet:subnet-1', 'open', 'any', '2', 'capacity', 'UnfulfillableCapacity'],
      ['2 us-west-2 does not answer: nobody is there'],
    ]);
  });

  it('prints JSON when asked, and says when there is nothing', async () => {
    const json = await runCli(['capacity', '-o', 'json'], { client });
    const none = await runCli(['capacity']);

    expect(JSON.parse(json.out.join('\n'))).toEqual(memories);
    expect(none.out).toEqual(['Nothing refused lately.']);
  });
});

describe('show', () => {
  it('prints the page and the next commands, and JSON when asked', async () => {
    const page = await runCli(['show', 'latest']);
    const json = await runCli(['show', 'latest', '-o', 'json']);

    expect(page.out[0]).toContain('lab-260102-1504-x7kd  Done');
    expect(page.out.at(-1)).toContain('holdfast cleanup lab-260102-1504-x7kd --plan');
    expect(JSON.parse(json.out.join('\n'))).toEqual(aStatus({ phase: 'Done' }));
  });

  it('falls back to the result folder of an experiment that Temporal has forgotten, and says so', async () => {
    const kept = join(folder, 'experiments', 'lab-old');
    await mkdir(kept, { recursive: true });
    await writeFile(join(kept, 'experiment.json'), JSON.stringify(aResult({ experimentId: 'lab-old' })));
    const gone = (): Promise<never> =>
      Promise.reject(new HoldfastError('not-found', 'no experiment has the id lab-old'));

    const ran = await runCli(['show', 'lab-old'], {
      home: folder,
      client: { resolve: gone, get: (id) => aHandle({ id, status: gone }) },
    });

    expect(ran.code).toBe(0);
    expect(ran.out[0]).toBe('no experiment has the id lab-old; this is from its result folder');
    expect(ran.out.join('\n')).toContain('lab-old  Done');
  });

  it('reads the result folder when there is no Temporal at all', async () => {
    const connect = (): Promise<never> =>
      Promise.reject(new HoldfastError('unreachable', 'no Temporal server answers'));

    const ran = await runCli(['show', 'lab-old', '-o', 'json'], { home: folder, connect });

    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.out.join('\n'))).toMatchObject({ experimentId: 'lab-old', phase: 'Done' });
    expect((await runCli(['show', 'lab-never'], { home: folder, connect })).code).toBe(2);
  });

  it('says what to do when nobody knows the id', async () => {
    const gone = (): Promise<never> => Promise.reject(new HoldfastError('not-found', 'no experiment has the id x'));

    const ran = await runCli(['show', 'x'], { client: { resolve: gone, get: () => aHandle({ status: gone }) } });

    expect(ran.code).toBe(3);
    expect(ran.err).toEqual(['error: no experiment has the id x', 'next:  holdfast list']);
  });
});

describe('cleanup', () => {
  const answer = (verdict: CleanupResult['verdict'], left: string[] = []): CleanupResult => ({
    experimentId: 'lab',
    verdict,
    resources: 3,
    left,
    digest: 'd',
    document: '/c.json',
  });

  const digest = '3f9a1c0b77de'.padEnd(64, '0');
  const plan = (over: Partial<CleanupPlan> = {}): CleanupPlan => ({
    experimentId: 'lab',
    digest,
    document: '/plans/3f9a1c0b77de.json',
    account: '123456789012',
    regions: ['us-west-2'],
    resources: 3,
    rows: [
      { region: 'us-west-2', type: 'instance', count: 2, kept: 1, usdPerHour: 0.192, unpriced: 0 },
      { region: 'us-west-2', type: 'volume', count: 1, kept: 0, usdPerHour: 0, unpriced: 1 },
    ],
    usdPerHour: 0.192,
    kept: ['us-west-2 instance i-1: protected: tag DoNotDelete'],
    unreadable: [],
    ...over,
  });

  /** A client that plans and cleans up, and tells with which inputs. */
  function cleaner(result = answer('clean'), made = plan()) {
    const inputs: unknown[] = [];
    const told = <T>(value: T): ((input: unknown) => Promise<T>) => {
      return (input) => {
        inputs.push(input);
        return Promise.resolve(value);
      };
    };
    return { inputs, client: { cleanup: told(result), planCleanup: told(made) } };
  }

  it.each<[CleanupResult['verdict'], number]>([
    ['clean', 0],
    ['blocked', 5],
    ['protected', 6],
    ['unproven', 7],
  ])('answers the verdict %s with exit code %d', async (verdict, code) => {
    const { client } = cleaner(answer(verdict, verdict === 'clean' ? [] : ['us-west-2 sg-1: waits']));

    const ran = await runCli(['cleanup', 'lab', '--yes'], { client });

    expect(ran.code).toBe(code);
    expect(ran.out.some((line) => line.includes('us-west-2 sg-1: waits'))).toBe(verdict !== 'clean');
  });

  it('prints a plan with what it costs and what is kept, and the command that carries it out', async () => {
    const { client, inputs } = cleaner();

    const ran = await runCli(['cleanup', 'lab', '--plan', '--regions', 'us-west-2, us-east-1'], { client });

    expect(inputs).toEqual([{ experimentId: 'lab', regions: ['us-west-2', 'us-east-1'] }]);
    expect(ran.out).toEqual([
      'lab: 3 resources, $0.1920/h in 1 region of account 123456789012 (nothing was changed)',
      'REGION     TYPE      COUNT  DELETED  $/H',
      'us-west-2  instance  2      1        $0.1920',
      'us-west-2  volume    1      1        1 at an unknown price',
      '  kept us-west-2 instance i-1: protected: tag DoNotDelete',
      'plan 3f9a1c0b77de  /plans/3f9a1c0b77de.json',
      'next:  holdfast cleanup lab --apply 3f9a1c0b77de',
    ]);
    expect(ran.code).toBe(0);
  });

  it('says with 7 that a plan may not know everything', async () => {
    const { client } = cleaner(answer('clean'), plan({ unreadable: ['eu-west-1 volume: UnauthorizedOperation'] }));

    const ran = await runCli(['cleanup', 'lab', '--plan'], { client });

    expect([ran.code, ran.out.at(-3)]).toEqual([7, '  could not be read eu-west-1 volume: UnauthorizedOperation']);
  });

  it('carries out the plan that it is given, with its limit and times', async () => {
    const { client, inputs } = cleaner();

    await runCli(['cleanup', 'lab', '--apply', '3F9A1C0B77DE', '--max-resources', '5', '--settle', '5s'], { client });

    expect(inputs).toEqual([{ experimentId: 'lab', apply: '3f9a1c0b77de', maxResources: 5, settleSeconds: '5s' }]);
  });

  it.each([
    ['somebody says yes', { answer: true }, [], 0, 2],
    ['somebody says no', { answer: false }, [], 3, 1],
    ['nobody can be asked', {}, [], 3, 1],
    ['it is told not to ask', {}, ['--yes'], 0, 2],
  ])('shows its plan, and deletes by it or not when %s', async (_when, options, argv, code, calls) => {
    const { client, inputs } = cleaner();

    const ran = await runCli(['cleanup', 'lab', ...argv], { client, ...options });

    expect(ran.code).toBe(code);
    expect(inputs).toHaveLength(calls);
    expect(inputs[1]).toEqual(calls === 2 ? { experimentId: 'lab', apply: digest } : undefined);
    expect(ran.err.join('\n')).toContain('protected: tag DoNotDelete');
    if (code !== 0) expect(ran.err.at(-1)).toContain('holdfast cleanup lab --apply 3f9a1c0b77de');
  });

  it('asks nobody when there is nothing to delete, and proves it', async () => {
    const { client, inputs } = cleaner(answer('clean'), plan({ resources: 0, rows: [], kept: [] }));

    expect((await runCli(['cleanup', 'lab'], { client })).code).toBe(0);
    expect(inputs).toHaveLength(2);
  });

  it.each([
    [[''], 'experimentId: is no experiment id'],
    [['exp-*'], 'experimentId: is no experiment id'],
    [['lab', '--regions', 'mars'], 'regions.0: is no region'],
    [['lab', '--apply', 'abc'], 'apply: is no digest of a plan'],
    [['lab', '--apply', digest, '--plan'], 'apply: cannot go with plan'],
    [['lab', '--max-resources', 'many'], 'maxResources: expected number'],
    [['lab', '--settle', 'soon'], 'settleSeconds: is no duration'],
  ])('refuses %j in one line before anything is called', async (argv, line) => {
    const connect = (): Promise<never> => Promise.reject(new Error('it connected'));

    const ran = await runCli(['cleanup', ...argv], { connect });

    expect(ran.code).toBe(3);
    expect(ran.err.filter((one) => one.startsWith('  '))).toEqual([expect.stringContaining(line)]);
  });

  it('takes an id that Temporal does not know, since tags are all it needs', async () => {
    const { client, inputs } = cleaner();
    const resolve = (): Promise<never> => Promise.reject(new HoldfastError('not-found', 'unknown'));

    await runCli(['cleanup', 'forgotten-1', '--yes'], { client: { ...client, resolve } });

    expect(inputs[0]).toMatchObject({ experimentId: 'forgotten-1' });
  });

  it('refuses to pull the nodes away under a running experiment', async () => {
    const running = { id: 'lab', runId: 'r', state: 'RUNNING', startedAt: '2026-01-02T15:04:00.000Z' };

    const ran = await runCli(['cleanup', 'lab'], { client: { list: () => Promise.resolve([running]) } });

    expect(ran.code).toBe(3);
    expect(ran.err[1]).toContain('holdfast stop lab');
  });
});

describe('replace', () => {
  it('names the slot and the instance, and how to follow', async () => {
    const ran = await runCli(['replace', 'latest', 'broker-0']);

    expect(ran.out).toEqual([
      'lab-260102-1504-x7kd: broker-0 (i-0123456789abcdef0) is being replaced; follow it with: holdfast attach lab-260102-1504-x7kd',
    ]);
  });

  it('passes on in one line what the experiment refuses', async () => {
    const refused = new HoldfastError('refused', 'slot: broker-9 holds no slot here; there are broker-0');
    const get = () => aHandle({ replaceNode: () => Promise.reject(refused) });

    const ran = await runCli(['replace', 'latest', 'broker-9'], { client: { get } });

    expect(ran.code).toBe(3);
    expect(ran.err[0]).toBe('error: slot: broker-9 holds no slot here; there are broker-0');
  });
});

describe('stop', () => {
  it('cancels through Temporal when no worker can take the update', async () => {
    let cancelled = false;
    const handle = aHandle({
      stop: () => Promise.reject(new HoldfastError('no-worker', 'none')),
      cancel: () => {
        cancelled = true;
        return Promise.resolve();
      },
    });

    const ran = await runCli(['stop', 'lab'], { client: { get: () => handle } });

    expect(cancelled).toBe(true);
    expect(ran.out[0]).toContain('as soon as one does');
  });
});

describe('the command line', () => {
  it('suggests the option that was meant and exits with 3', async () => {
    const written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);

    const { code } = await runCli(['run', '--flie', 'x']);

    expect(code).toBe(3);
    expect(written.mock.calls.join('')).toContain('Did you mean --file?');
    written.mockRestore();
  });

  it('gives every command help with an example', () => {
    const help = helpTexts();

    for (const text of Object.values(help)) expect(text).toMatch(/Examples?:\n {2}\$ /);
    expect(Object.keys(help)).toEqual(
      expect.arrayContaining(['demo', 'dev', 'run', 'show', 'list', 'cleanup', 'simulate', 'spec', 'validate']),
    );
  });

  it.each(['simulate', 'dev', 'demo'])('names every scenario there is in the help of %s', (verb) => {
    const help = helpTexts()[verb]?.replace(/\s+/g, ' ');

    for (const name of SCENARIO_NAMES) expect(help).toContain(`${name}, `);
  });

  it('checks several files and names each', async () => {
    const bad = join(folder, 'bad2.yaml');
    await writeFile(bad, 'leese: 1h\ncomponents: { a: {} }\n');

    const ran = await runCli(['validate', spec, bad]);

    expect(ran.code).toBe(3);
    expect(ran.out).toEqual([`${spec}: ok`, `${bad}:1:1 leese: is no known field; did you mean "lease"?`]);
  });

  it('completes commands and options from the commands themselves', async () => {
    const { out } = await runCli(['completion', 'bash']);

    expect(out.join('\n')).toMatch(/"spec"\) words="validate schema show library --help"/);
    expect(out.join('\n')).toMatch(/"run"\) words=".*--set.*--detach/);
  });
});

function helpTexts(): Record<string, string> {
  let text = '';
  const source = (): never => {
    throw new Error('help needs no context');
  };
  const program = createProgram(source, { out: (part) => (text += part), err: () => undefined });
  return Object.fromEntries(
    program.commands.map((one) => {
      text = '';
      one.outputHelp();
      return [one.name(), text];
    }),
  );
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe('exec', () => {
  const outcome = (slot: string, more: object = {}) => ({
    ...{ slot, instanceId: `i-${slot}`, exitCode: 0, stdout: 'up 3 days\n', stderr: '' },
    ...more,
  });

  it('sends what follows the dashes as it is, and prints the output of each node under its name', async () => {
    const asked: unknown[] = [];
    const get = () =>
      aHandle({
        exec: (...args) => {
          asked.push(args);
          return Promise.resolve([outcome('a-0'), outcome('a-1', { stderr: 'oh\n' })]);
        },
      });

    const ran = await runCli(['exec', 'lab', 'a', '--timeout', '1m', '--', 'uptime', '--pretty'], { client: { get } });

    expect(asked).toEqual([['a', 'uptime --pretty', { timeout: '1m' }]]);
    expect(ran.code).toBe(0);
    expect(ran.out).toEqual(['a-0 i-a-0 exit 0', '  up 3 days', 'a-1 i-a-1 exit 0', '  up 3 days', '  oh']);
  });

  it('answers with 1 when a node failed or went, and says where the whole output is', async () => {
    const outputs = { stdout: '/r/stdout.txt', stderr: '/r/stderr.txt' };
    const gone = { slot: 'a-1', instanceId: 'i-1', lost: 'terminated', stdout: '', stderr: '' };
    const get = () => aHandle({ exec: () => Promise.resolve([outcome('a-0', { cut: true, outputs }), gone]) });

    const ran = await runCli(['exec', 'lab', 'a', 'uptime'], { client: { get } });

    expect(ran.code).toBe(1);
    expect(ran.out.slice(2)).toEqual(['  … the whole is in /r/stdout.txt', 'a-1 i-1 terminated']);
  });
});
