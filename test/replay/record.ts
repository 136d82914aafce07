/**
 * How are the committed histories made? `npx tsx test/replay/record.ts` runs every workflow type on the simulator and
 * writes what happened to histories/. Record anew only when a change of the workflows means to break old histories,
 * which before the first release is allowed, with the reason in the commit.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { showTemplates } from '../../src/client/templates';
import { capacityWorkflowId, cleanupWorkflowId, templateWorkflowId } from '../../src/contracts/names';
import { webhooksWorkflowId } from '../../src/contracts/webhooks';
import globalSetup from '../support/global-setup';
import globalTeardown from '../support/global-teardown';
import { eventually, startLab, type Lab } from '../support/lab';
import { noticeOf, settled } from '../support/losses';
import { failureOf, reaches, resultOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';
import { HISTORIES, portable } from './histories';

const broken = { services: { 'app.service': { fails: true } } };
const replaced = { spare: { count: 2, services: ['app.service'], limits: { service: '1s' } } };
const spec = smallSpec({ settle: '300ms' });

/** What is run, by the name of its file. */
const RUNS: Record<string, (lab: Lab) => Promise<WorkflowHandle>> = {
  experiment: async (lab) => {
    const handle = await lab.start('experiment', spec, 'recorded');
    await resultOf(handle);
    return handle;
  },
  cleanup: (lab) => Promise.resolve(lab.client.workflow.getHandle(cleanupWorkflowId('recorded'))),
  'cleanup-planned': async (lab) => {
    const handle = await lab.start('cleanup', { experimentId: 'recorded', plan: true }, 'recorded/cleanup/plan');
    await handle.result();
    return handle;
  },
  'cleanup-recheck': async (lab) => {
    const input = { experimentId: 'recorded', recheck: { afterSeconds: '100ms' } };
    const handle = await lab.start('cleanup', input, 'recorded-again/recheck');
    await handle.result();
    return handle;
  },
  'experiment-template': async (lab) => {
    await showTemplates(lab.client, lab.taskQueue, { recorded: spec });
    const handle = lab.client.workflow.getHandle(templateWorkflowId('recorded'));
    await handle.result();
    return handle;
  },
  'experiment-replaced': async (lab) => {
    const steps = [{ name: 'work', on: 'spare', run: 'true' }];
    const handle = await lab.start('experiment', { ...spec, components: replaced, steps }, 'recorded-replaced');
    await resultOf(handle);
    return handle;
  },
  'experiment-lost': async (lab) => {
    const components = { pair: { count: 2, standby: 1 }, gang: { count: 2, onInterruption: 'restart-all' as const } };
    const handle = await lab.start('experiment', { ...spec, components, steps: [] }, 'recorded-lost-nodes');
    const { nodes } = await reaches(handle, 'Ready');
    const lost = ['pair-0', 'gang-0'].map((slot) => nodes.find((node) => node.slot === slot)?.instanceId ?? '');
    await handle.signal(
      'interruption',
      lost.map((id) => noticeOf(id)),
    );
    await settled(handle, 3);
    await handle.executeUpdate('stop');
    await resultOf(handle);
    return handle;
  },
  'experiment-cancelled': async (lab) => {
    const handle = await lab.start('experiment', { ...spec, steps: [] }, 'recorded-cancelled');
    await reaches(handle, 'Ready');
    await handle.signal('note', 'enough seen');
    await handle.cancel();
    await failureOf(handle);
    return handle;
  },
  capacity: (lab) => {
    const target = { account: '123456789012', endpoint: lab.simulatorUrl };
    return Promise.resolve(lab.client.workflow.getHandle(capacityWorkflowId(target, 'us-west-2')));
  },
  plan: async (lab) => {
    const handle = await lab.start('plan', { ...spec, regions: ['us-east-2', 'us-west-2'] }, 'recorded-plan');
    await handle.result();
    return handle;
  },
  provision: async (lab) => {
    const components = { zk: { instanceTypes: ['t3.nano'] } };
    const moves = { ...spec, regions: ['us-east-2', 'us-west-2'], components, steps: [] };
    const handle = await lab.start('provision', moves, 'recorded-alone');
    await handle.result();
    return handle;
  },
  readiness: async (lab) => {
    await (await lab.start('provision', spec, 'recorded-nodes')).result();
    const handle = await lab.start('readiness', { experimentId: 'recorded-nodes', spec }, 'recorded-readiness');
    await handle.result();
    return handle;
  },
  failover: async (lab) => {
    await (await lab.start('provision', spec, 'recorded-lost')).result();
    const input = { experimentId: 'recorded-lost', spec, lost: ['broker-0'] };
    const handle = await lab.start('failover', input, 'recorded-failover');
    await handle.result();
    return handle;
  },
  reaper: async (lab) => {
    await (await lab.start('provision', { ...spec, lease: '1s' }, 'recorded-forgotten')).result();
    await pause(1500); // the lease has to be over
    const input = { apply: true, grace: '1ms', orphanGrace: '1h', settle: '300ms', regions: ['us-west-2'] };
    const handle = await lab.start('reaper', input, 'recorded-reaper');
    await handle.result();
    await lab.client.workflow.getHandle(cleanupWorkflowId('recorded-forgotten')).result();
    return handle;
  },
  doctor: async (lab) => {
    const handle = await lab.start('doctor', {}, 'recorded-doctor');
    await handle.result();
    return handle;
  },
  stop: async (lab) => {
    const running = { query: "TemporalScheduledById = 'recorded-office' AND ExecutionStatus = 'Running'" };
    const schedule = lab.client.schedule.getHandle('recorded-office');
    await lab.client.schedule.create({
      scheduleId: schedule.scheduleId,
      spec: {},
      action: {
        type: 'startWorkflow',
        workflowType: 'experiment',
        workflowId: schedule.scheduleId,
        taskQueue: lab.taskQueue,
        args: [{ ...spec, steps: [] }],
      },
    });
    await schedule.trigger();
    const id = await eventually(async () => {
      for await (const { workflowId } of lab.client.workflow.list(running)) return workflowId;
      return undefined;
    });
    const handle = await lab.start('stop', { schedule: schedule.scheduleId }, 'recorded-stop');
    await handle.result();
    await resultOf(lab.client.workflow.getHandle(id)).catch(() => undefined); // it may end Cancelled
    await schedule.delete();
    return handle;
  },
  awsEvent: async (lab) => {
    const detail = { 'instance-id': 'i-0123456789abcdef0', 'instance-action': 'terminate' };
    const where = { source: 'aws.ec2', account: '123456789012', region: 'us-west-2', time: '2026-01-01T00:00:00Z' };
    const event = { ...where, 'detail-type': 'EC2 Spot Instance Interruption Warning', detail };
    const handle = await lab.start('awsEvent', { event }, 'recorded-event');
    await handle.result();
    return handle;
  },
  'experiment-told': async (lab) => {
    const webhooks = [{ url: await receiver(), secret: { env: 'HOLDFAST_SECRET_TEST' } }];
    const handle = await lab.start('experiment', { ...spec, webhooks }, 'recorded-told');
    await resultOf(handle);
    return handle;
  },
  webhooks: async (lab) => {
    const handle = lab.client.workflow.getHandle(webhooksWorkflowId('recorded-told'));
    await handle.result();
    return handle;
  },
  sentinel: async (lab) => {
    await (await lab.start('provision', spec, 'recorded-watched')).result();
    const every = { spot: '50ms', discovery: '50ms', instances: '50ms', status: '1s', agents: '1s', idle: '300ms' };
    const handle = await lab.start('sentinel', { region: 'us-west-2', every }, 'recorded-sentinel');
    // Everything that earlier runs left is taken back, so that it has news first and nothing to watch after.
    await lab.control('interrupt', { share: 1, noticeSeconds: 1 });
    await handle.result();
    return handle;
  },
};

/** The address of a server that takes everything for as long as this program runs. */
async function receiver(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
}

async function main(): Promise<void> {
  await globalSetup();
  const overrides = [{ component: 'spare', ordinal: 0, script: broken }];
  const capacity = [{ region: 'us-east-2', zone: '*', type: 't3.nano', market: '*' as const, capacity: 0 }];
  const lab = await startLab({ simulator: { scenario: { extends: 'quick', capacity, nodes: { overrides } } } });
  mkdirSync(HISTORIES, { recursive: true });
  for (const name of readdirSync(HISTORIES)) rmSync(join(HISTORIES, name));
  for (const [name, run] of Object.entries(RUNS)) {
    const handle = await run(lab);
    const text = portable(await handle.fetchHistory(), lab.results);
    writeFileSync(join(HISTORIES, `${name}.json`), text);
    process.stdout.write(`${name}: ${String(Math.round(text.length / 1024))} KiB\n`);
  }
  await lab.close();
  await globalTeardown();
}

void main();
