/** Can a person run commands on the nodes of an experiment, and read what they printed? Real processes on the nodes. */
import { readFileSync } from 'node:fs';
import type { WorkflowHandle } from '@temporalio/client';
import type { CommandOutcome } from '../../src/contracts/messages';
import { eventually, startLab, type Lab } from '../support/lab';
import { resultOf, statusOf } from '../support/outcomes';

let lab: Lab;
let handle: WorkflowHandle;

beforeAll(async () => {
  lab = await startLab({ simulator: { exec: true } });
  handle = await lab.start('experiment', {
    name: 'exec',
    lease: '10m',
    poll: '100ms',
    settle: '300ms',
    instanceProfile: 'holdfast-node',
    components: { box: { count: 2 }, other: {} },
  });
  await eventually(async () => ((await statusOf(handle)).phase === 'Ready' ? true : undefined));
});

afterAll(async () => {
  await handle.executeUpdate('stop');
  await resultOf(handle);
  await lab.close();
});

const exec = (input: unknown): Promise<CommandOutcome[]> =>
  handle.executeUpdate<CommandOutcome[], [unknown]>('runCommand', { args: [input] });

describe('a command', () => {
  it('runs on every node of a component, answers with the output of each, and is kept whole', async () => {
    const outcomes = await exec({ on: 'box', run: 'echo "hello from $HOLDFAST_SLOT"; echo oh >&2; exit 3' });

    expect(outcomes).toMatchObject(
      ['box-0', 'box-1'].map((slot) => ({
        slot,
        exitCode: 3,
        stdout: `hello from ${slot}\n`,
        stderr: 'oh\n',
        cut: false,
      })),
    );
    expect(readFileSync(outcomes[1]?.outputs?.stdout ?? '', 'utf8')).toBe('hello from box-1\n');
    expect((await statusOf(handle)).timeline.at(-1)?.text).toMatch(/^exec-\d+ on box: echo "hello/);
  });

  it('runs on one node by its slot, and what it prints beyond an answer is cut and said so', async () => {
    const outcomes = await exec({ on: 'other-0', run: 'head -c 200000 /dev/zero | tr "\\0" x' });

    expect(outcomes).toMatchObject([{ slot: 'other-0', exitCode: 0, cut: true }]);
    expect(outcomes[0]?.stdout.length).toBeLessThan(131_072);
    expect(readFileSync(outcomes[0]?.outputs?.stdout ?? '', 'utf8')).toHaveLength(200_000);
  });

  it('is ended when it runs over its time', async () => {
    expect(await exec({ on: 'other', run: 'sleep 60', timeout: '1s' })).toMatchObject([{ exitCode: 124 }]);
  });

  it.each([
    [{ on: 'brokers', run: 'ls' }, 'on: brokers is no component or slot; there are box, other'],
    [{ on: 'box' }, 'name where and what'],
    [undefined, 'name where and what'],
    [{ on: 'box', run: 'ls', timeout: 'soon' }, 'timeout: "soon" is no duration'],
  ])('is refused in one line when it is %j', async (input, line) => {
    await expect(exec(input)).rejects.toMatchObject({ cause: { message: expect.stringContaining(line) } });
  });
});
