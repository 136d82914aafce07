/** Does DescribeInstanceStatus tell of scheduled events and failed checks, and do its filters find them? */
import { DescribeInstanceStatusCommand } from '@aws-sdk/client-ec2';
import { fleet, fleetInput, startRig, template, until } from './ec2-support';
import { clockwork, type Clockwork } from './clockwork';

let sim: Clockwork;
afterEach(() => sim.stop());

interface Status {
  InstanceId: string;
  InstanceStatus: { Status: string; Details: { Status: string; ImpairedSince?: Date }[] };
  SystemStatus: { Status: string };
  Events: { Code: string; Description: string; InstanceEventId: string }[];
}

async function statuses(filters: Record<string, string[]> = {}): Promise<Status[]> {
  const Filters = Object.entries(filters).map(([Name, Values]) => ({ Name, Values }));
  return (await sim.call('DescribeInstanceStatus', { Filters }))['InstanceStatuses'] as Status[];
}
const found = async (filters: Record<string, string[]>): Promise<string[]> =>
  (await statuses(filters)).map(({ InstanceId }) => InstanceId);

/** What the sentinel of an experiment asks for. */
const EVENTS = {
  'event.code': ['instance-reboot', 'system-reboot', 'system-maintenance', 'instance-retirement', 'instance-stop'],
};

it('finds the machines with scheduled events, and lets a retirement happen', async () => {
  sim = clockwork();
  const [spot = '', bought = ''] = [...(await sim.launch(1)), ...(await sim.launch(1, { market: 'on-demand' }))];
  await sim.launch(1);
  sim.pass(1);
  sim.control('schedule', { instanceId: spot, code: 'instance-retirement', inSeconds: 60 });
  sim.control('schedule', { instanceId: bought, code: 'instance-stop', inSeconds: 60, description: 'bad disk' });
  expect(await found(EVENTS)).toEqual([spot, bought]);
  expect(await found({ 'event.code': ['instance-stop'] })).toEqual([bought]);
  expect((await statuses(EVENTS))[1]?.Events).toEqual([
    expect.objectContaining({ Code: 'instance-stop', Description: 'bad disk' }),
  ]);
  sim.pass(65);
  const { Reservations } = await sim.call('DescribeInstances', { InstanceIds: [spot, bought] });
  const machines = (
    Reservations as { Instances: { State: { Name: string }; StateReason: { Code: string } }[] }[]
  ).flatMap(({ Instances }) => Instances);
  expect(machines.map(({ State, StateReason }) => [State.Name, StateReason.Code])).toEqual([
    ['terminated', 'Server.ScheduledStop'],
    ['stopped', 'Server.ScheduledStop'],
  ]);
});

it('leaves a machine up over a reboot, and calls that completed', async () => {
  sim = clockwork();
  const [id = ''] = await sim.launch(1);
  sim.control('schedule', { instanceId: id, code: 'system-reboot', inSeconds: 5 });
  sim.pass(6);
  expect((await statuses())[0]?.Events[0]?.Description).toBe(
    '[Completed] The instance is scheduled for a system reboot',
  );
});

it('finds impaired machines by either check until they are well', async () => {
  sim = clockwork();
  const [bad = '', good = ''] = await sim.launch(2);
  sim.pass(1);
  sim.control('impair', { instanceId: bad, check: 'instance' });
  const since = new Date(Date.now());
  sim.pass(1);
  expect(await found({ 'instance-status.status': ['impaired'] })).toEqual([bad]);
  expect(await found({ 'instance-status.reachability': ['failed'] })).toEqual([bad]);
  expect(await found({ 'system-status.status': ['ok'] })).toEqual([bad, good]);
  expect((await statuses())[0]?.InstanceStatus).toEqual({
    Status: 'impaired',
    Details: [{ Name: 'reachability', Status: 'failed', ImpairedSince: since }],
  });
  sim.control('impair', { instanceId: bad, status: 'ok' });
  expect(await found({ 'instance-status.status': ['ok'] })).toEqual([bad, good]);
});

it('puts events and impairment on the wire', async () => {
  sim = clockwork();
  sim.stop();
  const rig = await startRig();
  await template(rig.ec2, 'node');
  const { ids } = await fleet(rig.ec2, fleetInput('node', 1, [{ InstanceType: 't3.small' }]));
  await rig.control('schedule', { instanceId: ids[0], code: 'system-maintenance', inSeconds: 3600 });
  await rig.control('impair', { instanceId: ids[0] });
  const ask = async () =>
    (
      await rig.ec2.send(
        new DescribeInstanceStatusCommand({ Filters: [{ Name: 'system-status.status', Values: ['impaired'] }] }),
      )
    ).InstanceStatuses;
  await until(async () => ((await ask()) ?? []).length === 1);
  const [status] = (await ask()) ?? [];
  expect(status).toMatchObject({
    SystemStatus: { Status: 'impaired', Details: [{ Status: 'failed', ImpairedSince: expect.any(Date) as Date }] },
    Events: [{ Code: 'system-maintenance', NotBefore: expect.any(Date) as Date }],
  });
  await rig.close();
});

it.each([
  ['schedule', { code: 'instance-holiday', share: 1 }, '400 schedule: code must be one of'],
  ['schedule', { code: 'instance-stop' }, '400 name machines by'],
  ['impair', { share: 1, check: 'disk' }, '400 impair: check must be one of system, instance, both, got "disk"'],
  ['rebalance', { share: 1, noticeSeconds: 3 }, "400 rebalance: unknown field 'noticeSeconds'"],
  ['weather', { kind: 'outage', share: 0 }, '400 weather: share must be above 0 and at most 1, got 0'],
  ['delays', { terminate: 5 }, '400 delays: terminate must be two numbers, the lower first, 0 or more, got 5'],
  ['delays', { tea: [1, 2] }, "400 delays: unknown field 'tea'"],
  ['quota', { vcpus: 'many' }, '400 quota: vcpus must be a whole number, 0 or more, got "many"'],
  ['capacity', { capacity: -1 }, '400 capacity: capacity must be a whole number, 0 or more, got -1'],
])('%s refuses %j', (path, body, line) => {
  sim = clockwork();
  expect(sim.refusal(path, body)).toContain(line);
});
