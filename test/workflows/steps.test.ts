/** Do steps run as real processes on their nodes, exactly once, with all they said brought home, and end when told to? */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { StepOutcome } from '../../src/contracts/messages';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { eventually, startLab, type Lab } from '../support/lab';
import { expectNoTrace, failureOf, resultOf, statusOf } from '../support/outcomes';

type Step = NonNullable<ExperimentInput['steps']>[number];

let lab: Lab;

beforeAll(async () => {
  lab = await startLab({ simulator: { exec: true } });
});

afterAll(async () => {
  await lab.close();
});

function run(steps: Step[], components: ExperimentInput['components'] = { box: {} }): Promise<WorkflowHandle> {
  return lab.start('experiment', {
    name: 'steps',
    lease: '10m',
    poll: '100ms',
    settle: '300ms',
    instanceProfile: 'holdfast-node',
    components,
    steps,
  });
}

function read(path: string): string {
  return readFileSync(path.replace(/^file:\/\//, ''), 'utf8');
}

/** A file in the home folder of an experiment's only node. */
function onNode(instanceId: string | undefined, file: string): string {
  return join(lab.results, 'nodes', instanceId ?? '', file);
}

/** 786,432 random bytes are 1,048,576 characters of base64, which no zip makes small. */
const ONE_MIB = `
head -c 786432 /dev/urandom | base64 -w 0 > data
cat data
echo "no progress bar" >&2
printf '{"sha256":"%s","characters":%s}' "$(sha256sum data | cut -d ' ' -f 1)" "$(stat -c %s data)" > result.json
`;

describe('the output of a step', () => {
  it.concurrent('of one mebibyte arrives whole, with its result parsed', async () => {
    const handle = await run([{ name: 'big', on: 'box', run: ONE_MIB, result: { json: 'result.json' } }]);

    const result = await resultOf(handle);

    const step = result.steps[0] as StepOutcome & { result: { sha256: string; characters: number } };
    const stdout = read(step.outputs.stdout);
    expect(stdout).toHaveLength(1_048_576);
    expect(createHash('sha256').update(stdout).digest('hex')).toBe(step.result.sha256);
    expect(step.result.characters).toBe(1_048_576);
    expect(read(step.outputs.stderr)).toBe('no progress bar\n');
    await expectNoTrace(lab, handle.workflowId);
  });

  it.concurrent('is parsed from where the step says, and what is no result is said', async () => {
    const handle = await run([
      { name: 'stdout', on: 'box', run: `echo '{"rate": 12.5}'`, result: { output: 'json' } },
      { name: 'text', on: 'box', run: 'echo 12.5', result: { output: 'text' } },
      { name: 'no-file', on: 'box', run: 'true', result: { json: 'nowhere.json' } },
      { name: 'no-json', on: 'box', run: 'echo twelve', result: { output: 'json' } },
    ]);

    const { phase, steps } = await resultOf(handle);

    expect(phase).toBe('Done');
    expect(steps.map((step) => [step.name, step.exitCode, step.result, step.resultProblem])).toEqual([
      ['stdout', 0, { rate: 12.5 }, undefined],
      ['text', 0, undefined, undefined],
      ['no-file', 0, undefined, 'the step left no file nowhere.json'],
      ['no-json', 0, undefined, expect.stringMatching(/^is no JSON: /)],
    ]);
    await expectNoTrace(lab, handle.workflowId);
  });
});

describe('a step', () => {
  it.concurrent(
    'starts once on each node, and knows its slot, its peers and its own environment to the letter',
    async () => {
      const hostile = '$(touch "$HOME/pwned") `id` "\'; exit 9 #\n\\ end';
      const script = 'printf "%s|%s|%s" "$HOLDFAST_SLOT" "$HOLDFAST_PEERS_PAIR" "$HOSTILE"';
      const handle = await run([{ name: 'tell', on: ['pair', 'box'], run: script, env: { HOSTILE: hostile } }], {
        pair: { count: 2 },
        box: {},
      });

      const { steps, nodes } = await resultOf(handle);

      const addresses = ['pair-0', 'pair-1'].map(
        (slot) => `${slot}=${nodes.find((node) => node.slot === slot)?.privateIp ?? ''}`,
      );
      const said = steps.map((step) => [step.slot, read(step.outputs.stdout)]).sort();
      expect(said).toEqual(
        ['box-0', 'pair-0', 'pair-1'].map((slot) => [slot, `${slot}|${addresses.join(',')}|${hostile}`]),
      );
      for (const node of nodes) expect(existsSync(onNode(node.instanceId, 'pwned'))).toBe(false);
      const { resources } = await lab.ledger();
      const starts = resources.filter(
        (one) => one.type === 'step' && nodes.some((node) => one.id.includes(node.instanceId)),
      );
      expect(starts.map((one) => one.starts)).toEqual([1, 1, 1]);
      await expectNoTrace(lab, handle.workflowId);
    },
  );

  it.concurrent('that runs over its limit is ended with 124 and fails the experiment as Timeout', async () => {
    const script = 'echo $$ > "$HOME/pid"; sleep 300';
    const handle = await run([{ name: 'slow', on: 'box', run: script, timeout: '1s' }]);

    const { type, message, details } = await failureOf(handle);

    expect(type).toBe('Timeout');
    expect(message).toBe('step slow on box-0 ran over its 1 s');
    expect(details.steps.map((step) => step.exitCode)).toEqual([124]);
    expect(details).toMatchObject({ phase: 'Failed', reason: 'Timeout', certificate: { verdict: 'clean' } });
    expect(isRunning(onNode(details.nodes[0]?.instanceId, 'pid'))).toBe(false);
    await expectNoTrace(lab, handle.workflowId);
  });

  it.concurrent('that fails ends the experiment, and the steps after it never start', async () => {
    const handle = await run([
      { name: 'broken', on: 'box', run: 'echo "disk full" >&2; exit 42' },
      { name: 'after', on: 'box', run: 'true' },
    ]);

    const { type, message, details } = await failureOf(handle);

    expect(type).toBe('Workload');
    expect(message).toMatch(/^step broken on box-0 exited 42; its output is in /);
    expect(read(details.steps[0]?.outputs.stderr ?? '')).toBe('disk full\n');
    const { resources } = await lab.ledger();
    const mine = resources.filter((one) => one.type === 'step' && one.tags['ExperimentID'] === handle.workflowId);
    expect(mine.map((one) => one.id)).toEqual([expect.stringMatching(/broken$/)]);
    await expectNoTrace(lab, handle.workflowId);
  });

  it.concurrent('is ended on its node by a cancellation, before the node itself is ended', async () => {
    // Ending an instance kills by force; only the step's own end lets it say that it was asked to go.
    const script = `trap 'echo asked > "$HOME/ended"; exit 143' TERM; echo $$ > "$HOME/pid"; while :; do sleep 0.1; done`;
    const handle = await run([{ name: 'endless', on: 'box', run: script }]);
    const node = await eventually(async () => {
      const { nodes } = await statusOf(handle);
      return existsSync(onNode(nodes[0]?.instanceId, 'pid')) ? nodes[0] : undefined;
    }, 60_000);
    const pid = onNode(node.instanceId, 'pid');
    expect(isRunning(pid)).toBe(true);

    await handle.cancel();
    const { type } = await failureOf(handle);

    expect(type).toBe('CancelledFailure');
    expect(readFileSync(onNode(node.instanceId, 'ended'), 'utf8')).toBe('asked\n');
    expect(isRunning(pid)).toBe(false);
    await expectNoTrace(lab, handle.workflowId);
  });
});

/** Whether the process whose id is in the file lives. */
function isRunning(pidFile: string): boolean {
  try {
    return process.kill(Number(readFileSync(pidFile, 'utf8')), 0);
  } catch {
    return false;
  }
}
