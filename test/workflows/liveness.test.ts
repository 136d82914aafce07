/** Is a dead service on a live host a loss, at no cost in history while all is well? */
import type { WorkflowHandle } from '@temporalio/client';
import type { ExperimentStatus } from '../../src/contracts/messages';
import { stepScript } from '../../src/policy/node-script';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { eventually, startLab, type Lab } from '../support/lab';
import { expectNoTrace, failureOf, reaches, resultOf, statusOf } from '../support/outcomes';
import { simulatedAt, type Simulated } from '../support/simulated';
import { smallSpec } from '../support/specs';

type Component = ExperimentInput['components'][string];

let lab: Lab;
let aws: Simulated;

beforeAll(async () => {
  lab = await startLab();
  aws = simulatedAt(lab.simulatorUrl);
});
afterAll(async () => {
  await aws.close();
  await lab.close();
});

/** Three nodes with one unit, checked ten times a second. */
async function start(part: Component): Promise<{ handle: WorkflowHandle; status: ExperimentStatus }> {
  const app = { count: 3, instanceTypes: ['t3.micro'], services: ['app.service'], ...part };
  const liveness = { every: '100ms', failures: 2, ...part.liveness };
  const handle = await lab.start('experiment', smallSpec({ components: { app: { ...app, liveness } }, steps: [] }));
  return { handle, status: await reaches(handle, 'Ready') };
}

async function stopService(instanceId: string): Promise<void> {
  const script = stepScript({ token: 'stop', timeoutSeconds: 5, env: {}, script: 'systemctl stop app.service' });
  const commands = aws.cloud.commands('us-west-2');
  await commands.send({ ids: [instanceId], script, timeoutSeconds: 5, comment: 'a test' });
}

const nodeOf = (status: ExperimentStatus, slot: string): string =>
  status.nodes.find((node) => node.slot === slot)?.instanceId ?? '';

async function told(handle: WorkflowHandle, words: RegExp): Promise<string> {
  return eventually(async () =>
    (await statusOf(handle)).timeline.map(({ text }) => text).find((text) => words.test(text)),
  );
}

async function checksSent(): Promise<number> {
  return (await lab.ledger()).calls.filter((call) => call.operation === 'SendCommand').length;
}

describe('a service that dies on a live host', () => {
  it('is a loss of its node, which is replaced like any other', async () => {
    const { handle, status } = await start({});
    const lost = nodeOf(status, 'app-1');

    await stopService(lost);
    const after = await eventually(async () => {
      const now = await statusOf(handle);
      return now.interruptions[0]?.promotedAt === undefined ? undefined : now;
    });
    await handle.executeUpdate('stop');
    const result = await resultOf(handle);

    expect(after.interruptions).toMatchObject([{ slot: 'app-1', oldInstance: lost, reason: 'NotReady' }]);
    expect(nodeOf(after, 'app-1')).not.toBe(lost);
    expect(await told(handle, /services do not: /)).toBe(`${lost} lives, its services do not: app.service inactive`);
    expect(result.interruptions).toHaveLength(1);
    await expectNoTrace(lab, handle.workflowId);
  });

  it('is noticed on a replacement too, since the checks begin anew with the nodes', async () => {
    const { handle, status } = await start({ count: 1 });
    await stopService(nodeOf(status, 'app-0'));
    const second = await eventually(async () => {
      const now = await statusOf(handle);
      return now.interruptions[0]?.promotedAt === undefined ? undefined : nodeOf(now, 'app-0');
    });

    await stopService(second);
    const twice = await eventually(async () => {
      const now = await statusOf(handle);
      return now.interruptions[1]?.promotedAt === undefined ? undefined : now;
    });
    await handle.executeUpdate('stop');
    await handle.result();

    expect(twice.interruptions.map((one) => one.oldInstance)).toEqual([nodeOf(status, 'app-0'), second]);
  });

  it('is told and left alone where the component says so', async () => {
    const { handle, status } = await start({ onUnhealthy: 'ignore' });

    await stopService(nodeOf(status, 'app-0'));
    await told(handle, /services do not: /);
    await told(handle, /app-0 .*ignore/);
    const before = await checksSent();
    await eventually(async () => ((await checksSent()) > before + 2 ? true : undefined));
    const after = await statusOf(handle);
    await handle.executeUpdate('stop');
    await handle.result();

    expect(after.nodes).toEqual(status.nodes);
    expect(after.phase).toBe('Ready');
  });

  it('ends the experiment where the component says so', async () => {
    const { handle, status } = await start({ onUnhealthy: 'fail' });
    await stopService(nodeOf(status, 'app-2'));

    const { type, message } = await failureOf(handle);

    expect(type).toBe('Interrupted');
    expect(message).toMatch(/app-2 .*: fail/);
    await expectNoTrace(lab, handle.workflowId);
  });
});

describe('services that are well', () => {
  it('are checked again and again without an event in the history', async () => {
    const { handle } = await start({});
    const sent = await checksSent();
    await eventually(async () => ((await checksSent()) > sent + 1 ? true : undefined));
    const { historyLength } = await handle.describe();
    const before = await checksSent();
    await eventually(async () => ((await checksSent()) > before + 5 ? true : undefined));

    expect((await handle.describe()).historyLength).toBe(historyLength);
    await handle.executeUpdate('stop');
    expect(await resultOf(handle)).toMatchObject({ phase: 'Done', interruptions: [] });
  });
});
