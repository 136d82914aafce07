/** Does the event sink tell what EventBridge would have told, in its shape and order? */
import { parseAwsEvent } from '../../src/schemas/aws-event';
import { startRig } from './ec2-support';
import { clockwork, type Clockwork } from './clockwork';

let sim: Clockwork;
afterEach(() => sim.stop());

interface Event {
  id: string;
  time: string;
  'detail-type': string;
  resources: string[];
  detail: Record<string, string>;
}
const events = (after = 0): Event[] => sim.read('events', { after: String(after) })['events'] as Event[];
const told = (after = 0): string[] =>
  events(after).map(({ detail, ...event }) => detail['state'] ?? event['detail-type']);

const WARNING = 'EC2 Spot Instance Interruption Warning';
const HINT = 'EC2 Instance Rebalance Recommendation';

it('tells the life of a machine that is hinted and taken', async () => {
  sim = clockwork({ delays: { pendingToRunning: [2000, 2000] } });
  const [id = ''] = await sim.launch(1);
  sim.pass(5);
  sim.control('rebalance', { instanceId: id });
  sim.control('rebalance', { instanceId: id });
  sim.control('interrupt', { instanceId: id });
  sim.pass(300);
  expect(told()).toEqual(['pending', 'running', HINT, WARNING, 'shutting-down', 'terminated']);
  expect(new Set(events().map(({ id }) => id)).size).toBe(6);
  expect(events()[3]).toMatchObject({
    version: '0',
    source: 'aws.ec2',
    account: '123456789012',
    region: 'us-west-2',
    time: '2026-01-01T12:00:05Z',
    resources: [`arn:aws:ec2:us-west-2a:instance/${id}`],
    detail: { 'instance-id': id, 'instance-action': 'terminate' },
  });
});

it('says all of it in a form that the parser of EventBridge events takes', async () => {
  sim = clockwork();
  await sim.launch(2);
  sim.control('rebalance', { share: 1 });
  sim.control('interrupt', { share: 1 });
  sim.pass(300);
  expect(events()).toHaveLength(12);
  expect(
    events()
      .map((event) => parseAwsEvent(event))
      .filter(({ ok }) => !ok),
  ).toEqual([]);
});

it('tells stop and start of an on-demand machine', async () => {
  sim = clockwork();
  const [id = ''] = await sim.launch(1, { market: 'on-demand' });
  sim.pass(1);
  await sim.call('StopInstances', { InstanceIds: [id] });
  sim.pass(1);
  await sim.call('StartInstances', { InstanceIds: [id] });
  sim.pass(1);
  expect(told()).toEqual(['pending', 'running', 'stopping', 'stopped', 'pending', 'running']);
});

it('says nothing of running when a machine dies while pending', async () => {
  sim = clockwork({
    delays: { pendingToRunning: [1000, 1000] },
    launchFailures: [{ region: '*', zone: '*', type: '*', market: '*', code: 'Server.InternalError' }],
  });
  await sim.launch(1);
  sim.pass(5);
  expect(told()).toEqual(['pending', 'terminated']);
});

it('goes on from a number, and gives the next one', async () => {
  sim = clockwork();
  await sim.launch(2);
  const { next } = sim.read('events');
  sim.control('interrupt', { share: 1, noticeSeconds: 10 });
  expect(sim.read('events', { after: String(next) })).toMatchObject({ after: next, next: Number(next) + 2 });
  expect(told(Number(next))).toEqual([WARNING, WARNING]);
});

it('delivers late where the scenario says so', async () => {
  sim = clockwork({ delays: { eventDelivery: [2000, 2000] } });
  await sim.launch(1);
  sim.control('interrupt', { share: 1 });
  expect(told()).not.toContain(WARNING);
  sim.pass(2);
  expect(events().find((event) => event['detail-type'] === WARNING)?.time).toBe('2026-01-01T12:00:00Z');
});

it('is read over HTTP, and refuses a number that is none', async () => {
  sim = clockwork();
  sim.stop();
  const rig = await startRig();
  const get = async (query: string) => {
    const reply = await fetch(`${rig.simulator.url}/_sim/events${query}`);
    return [reply.status, await reply.json()];
  };
  expect(await get('?after=0')).toEqual([200, { after: 0, next: 0, events: [] }]);
  expect(await get('?after=soon')).toEqual([400, { error: 'after must be a whole number, 0 or more, got "soon"' }]);
  expect(await get('?since=1')).toEqual([400, { error: "events: unknown field 'since'; known: after" }]);
  await rig.close();
});
