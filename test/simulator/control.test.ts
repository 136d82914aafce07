import {
  CreateFleetCommand,
  CreateTagsCommand,
  DescribeInstancesCommand,
  DescribeRegionsCommand,
  DescribeSpotInstanceRequestsCommand,
} from '@aws-sdk/client-ec2';
import { codeOf, fleet, fleetInput, instances, startRig, template, until, type Rig } from './ec2-support';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.close());

const POOL = { InstanceType: 't3.small', AvailabilityZone: 'us-west-2a' } as const;

describe('the fault plan', () => {
  it('strikes the nth call only, with the status that AWS sends for the code', async () => {
    await rig.control('faults', [{ operation: 'DescribeRegions', nth: 2, effect: { error: 'UnauthorizedOperation' } }]);
    await rig.ec2.send(new DescribeRegionsCommand({}));
    await expect(rig.ec2.send(new DescribeRegionsCommand({}))).rejects.toMatchObject({
      name: 'UnauthorizedOperation',
      $metadata: { httpStatusCode: 403 },
    });
    await rig.ec2.send(new DescribeRegionsCommand({}));
  });

  it('throttles as often as told', async () => {
    await rig.control('faults', [{ service: 'ec2', operation: 'Describe*', times: 2, effect: { throttle: true } }]);
    expect(await codeOf(rig.ec2.send(new DescribeRegionsCommand({})))).toBe('RequestLimitExceeded');
    expect(await codeOf(rig.ec2.send(new DescribeRegionsCommand({})))).toBe('RequestLimitExceeded');
    await rig.ec2.send(new DescribeRegionsCommand({}));
  });

  it('loses the reply after the effect, so that the token finds what was made', async () => {
    await template(rig.ec2, 'node');
    await rig.control('faults', [{ operation: 'CreateFleet', nth: 1, effect: { loseReply: true } }]);
    const input = fleetInput('node', 2, [POOL], { ClientToken: 'lost' });
    await expect(rig.ec2.send(new CreateFleetCommand(input))).rejects.toThrow();
    const { ids } = await fleet(rig.ec2, input);
    const { summary, calls } = await rig.ledger();
    expect([ids.length, summary.launched]).toEqual([2, 2]);
    expect(calls.filter(({ operation }) => operation === 'CreateFleet').map(({ outcome }) => outcome)).toEqual([
      'reply-lost',
      'ok',
    ]);
  });

  it('holds a call back for the delay', async () => {
    await rig.control('faults', [{ operation: 'DescribeRegions', effect: { delayMs: 120 } }]);
    await rig.ec2.send(new DescribeRegionsCommand({}));
    // A timer may fire a millisecond early.
    expect((await rig.ledger()).calls[0]?.millis).toBeGreaterThanOrEqual(119);
  });
});

/** One call to each operation in a thousand seconds. */
const ONE_CALL = [{ service: '*', operation: '*', size: 1, refill: 0.001 }];

describe('throttling', () => {
  it('can be off while a load is made, and is then as the scenario says', async () => {
    await rig.control('reset', { scenario: { extends: 'quick', api: { throttle: true, buckets: ONE_CALL } } });
    await rig.control('throttle', { on: false });
    for (let calls = 0; calls < 3; calls += 1) await rig.ec2.send(new DescribeRegionsCommand({}));
    await rig.control('throttle', { on: true });
    await rig.ec2.send(new DescribeRegionsCommand({}));

    await expect(rig.ec2.send(new DescribeRegionsCommand({}))).rejects.toMatchObject({ name: 'RequestLimitExceeded' });
  });
});

describe('the ledger', () => {
  it('counts duplicates beyond the target of a launch, what is untagged, and what is alive', async () => {
    await template(rig.ec2, 'node');
    const tags = (...keys: string[]) => [
      { ResourceType: 'instance' as const, Tags: keys.map((Key) => ({ Key, Value: 'x' })) },
    ];
    const more = { TagSpecifications: tags('LaunchID', 'ExperimentID', 'ManagedBy') };
    const first = await fleet(rig.ec2, fleetInput('node', 2, [POOL], more));
    expect((await rig.ledger()).summary).toMatchObject({
      launched: 2,
      alive: 2,
      duplicates: 0,
      aliveByType: { instance: 2, volume: 2, 'network-interface': 2, 'launch-template': 1 },
    });
    await fleet(rig.ec2, fleetInput('node', 1, [POOL], more));
    const { summary, resources } = await rig.ledger();
    expect(summary.duplicates).toBe(1);
    // Template, two fleets, three volumes and three interfaces carry neither mark.
    expect(summary.untagged).toBe(9);
    await rig.ec2.send(
      new CreateTagsCommand({
        Resources: resources.filter(({ type }) => type === 'volume').map(({ id }) => id),
        Tags: [
          { Key: 'ExperimentID', Value: 'x' },
          { Key: 'ManagedBy', Value: 'x' },
        ],
      }),
    );
    expect((await rig.ledger()).summary.untagged).toBe(6);
    const instance = resources.find(({ id }) => id === first.ids[0]);
    expect(Object.keys(instance?.draws ?? {})).toEqual(
      expect.arrayContaining(['launchCall', 'pendingToRunning', 'runningToAgent']),
    );
    expect(instance).toMatchObject({ market: 'spot', instanceType: 't3.small', zone: 'us-west-2a' });
  });

  it('is empty after a reset, and the default network is new', async () => {
    await template(rig.ec2, 'node');
    await fleet(rig.ec2, fleetInput('node', 1, [POOL]));
    await rig.control('reset', {});
    const { resources, calls, summary } = await rig.ledger();
    expect([resources, calls, summary.launched]).toEqual([[], [], 0]);
    expect((await rig.ec2.send(new DescribeInstancesCommand({}))).Reservations).toEqual([]);
  });
});

describe('an interruption', () => {
  it('shows in the request at the warning, while the machine runs, and ends the machine after the notice', async () => {
    await template(rig.ec2, 'node');
    const { ids } = await fleet(rig.ec2, fleetInput('node', 1, [POOL]));
    const [id = ''] = ids;
    await until(async () => (await instances(rig.ec2, ids))[0]?.State?.Name === 'running');
    expect((await rig.control('interrupt', { instanceId: id, noticeSeconds: 0.4 })).status).toBe(200);
    const { SpotInstanceRequests } = await rig.ec2.send(
      new DescribeSpotInstanceRequestsCommand({ Filters: [{ Name: 'instance-id', Values: ids }] }),
    );
    expect(SpotInstanceRequests?.[0]?.Status?.Code).toBe('instance-terminated-no-capacity');
    expect((await instances(rig.ec2, ids))[0]?.State?.Name).toBe('running');
    await until(async () => (await instances(rig.ec2, ids))[0]?.State?.Name === 'terminated');
    expect((await instances(rig.ec2, ids))[0]?.StateReason?.Code).toBe('Server.SpotInstanceTermination');
  });

  it('is refused for what is not there', async () => {
    expect(await rig.control('interrupt', { instanceId: 'i-nobody' })).toMatchObject({ status: 404 });
  });
});

describe('scenarios', () => {
  it('let machines die while pending, with the reason', async () => {
    await rig.control('scenario', {
      extends: 'quick',
      launchFailures: [
        { region: '*', zone: '*', type: 't3.small', market: 'spot', code: 'Server.InternalError', times: 1 },
      ],
    });
    await template(rig.ec2, 'node');
    const { ids } = await fleet(rig.ec2, fleetInput('node', 2, [POOL]));
    await until(async () => (await instances(rig.ec2, ids)).every(({ State }) => State?.Name !== 'pending'));
    const states = (await instances(rig.ec2, ids)).map(({ State, StateReason }) => [State?.Name, StateReason?.Code]);
    expect(states).toContainEqual(['terminated', 'Server.InternalError']);
    expect(states).toContainEqual(['running', undefined]);
  });

  it('have AWS-like delays that add up to 26 s from the call to the agent', async () => {
    const aws = await startRig('aws-like');
    const { launchCall, pendingToRunning, runningToAgent } = aws.simulator.world.scenario.delays;
    const [min, max] = [0, 1].map(
      (end) => (launchCall[end] ?? 0) + (pendingToRunning[end] ?? 0) + (runningToAgent[end] ?? 0),
    );
    expect(min).toBeGreaterThan(23_000);
    expect(max).toBeLessThan(27_000);
    expect(pendingToRunning).toEqual([16_400, 17_800]);
    await aws.close();
  });

  it('name the field that they do not know', async () => {
    const { status, body } = await rig.control('scenario', { colour: 'red' });
    expect(status).toBe(400);
    expect(body['error']).toContain("'colour'");
  });

  it('draw the same delays from the same seed', async () => {
    const draws = async () => {
      await rig.control('reset', { seed: 7 });
      await template(rig.ec2, 'node');
      await fleet(rig.ec2, fleetInput('node', 3, [POOL]));
      return (await rig.ledger()).resources.map(({ id, draws }) => [id, draws]);
    };
    expect(await draws()).toEqual(await draws());
  });
});
