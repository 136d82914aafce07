import {
  CreateFleetCommand,
  CreateSubnetCommand,
  DeleteFleetsCommand,
  DescribeFleetsCommand,
  DescribeSpotInstanceRequestsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  RunInstancesCommand,
  type CreateFleetCommandInput,
  type FleetLaunchTemplateOverridesRequest,
} from '@aws-sdk/client-ec2';
import { codeOf, fleet, fleetInput, imageId, instances, startRig, template, until, type Rig } from './ec2-support';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  await template(rig.ec2, 'node');
});
beforeEach(async () => {
  await rig.control('faults', []);
});
afterAll(() => rig.close());

const A = { InstanceType: 't3.small', AvailabilityZone: 'us-west-2a' } as const;
const B = { InstanceType: 't3.small', AvailabilityZone: 'us-west-2b' } as const;
const C = { InstanceType: 't3.small', AvailabilityZone: 'us-west-2c' } as const;

interface Ask {
  name: string;
  target: number;
  overrides: FleetLaunchTemplateOverridesRequest[];
  more: Partial<CreateFleetCommandInput>;
}

describe('CreateFleet of type instant', () => {
  it('gives what there is and names every pool that refused the rest', async () => {
    await rig.control('capacity', { zone: 'us-west-2a', type: 'm5.large', market: 'spot', capacity: 2 });
    await rig.control('capacity', { zone: 'us-west-2b', type: 'm5.large', market: 'spot', capacity: 0 });
    const pools = ['us-west-2a', 'us-west-2b'].map((AvailabilityZone) => ({
      InstanceType: 'm5.large' as const,
      AvailabilityZone,
    }));
    const { ids, errors } = await fleet(rig.ec2, fleetInput('node', 5, pools));
    expect(ids).toHaveLength(2);
    expect(
      errors
        .map(({ ErrorCode, LaunchTemplateAndOverrides }) => [
          ErrorCode,
          LaunchTemplateAndOverrides?.Overrides?.AvailabilityZone,
        ])
        .sort(),
    ).toEqual([
      ['InsufficientInstanceCapacity', 'us-west-2a'],
      ['InsufficientInstanceCapacity', 'us-west-2b'],
    ]);
  });

  it('answers a wholly refused launch with 200 and no instances', async () => {
    const { ids, errors } = await fleet(
      rig.ec2,
      fleetInput('node', 1, [{ InstanceType: 'p3.2xlarge', AvailabilityZone: 'us-west-2a' }]),
    );
    expect(ids).toEqual([]);
    expect(errors[0]).toMatchObject({ Lifecycle: 'spot', ErrorCode: 'InsufficientInstanceCapacity' });
  });

  it('names quota by market, and types a zone does not offer', async () => {
    await rig.control('quota', { group: 'P', vcpus: 0 });
    const pool = { InstanceType: 'p3.2xlarge' as const, AvailabilityZone: 'us-west-2a' };
    const spot = await fleet(rig.ec2, fleetInput('node', 1, [pool]));
    expect(spot.errors[0]?.ErrorCode).toBe('MaxSpotInstanceCountExceeded');
    const target = { TotalTargetCapacity: 1, DefaultTargetCapacityType: 'on-demand' } as const;
    const od = await fleet(rig.ec2, fleetInput('node', 1, [pool], { TargetCapacitySpecification: target }));
    expect(od.errors[0]).toMatchObject({ Lifecycle: 'on-demand', ErrorCode: 'VcpuLimitExceeded' });
    const absent = await fleet(
      rig.ec2,
      fleetInput('node', 1, [{ InstanceType: 't2.micro', AvailabilityZone: 'us-west-2d' }]),
    );
    expect(absent.errors[0]?.ErrorCode).toBe('Unsupported');
  });

  it('spreads over zones when diversified', async () => {
    const { instances: groups } = await fleet(
      rig.ec2,
      fleetInput('node', 3, [A, B, C], { SpotOptions: { AllocationStrategy: 'diversified' } }),
    );
    expect(groups.map(({ InstanceIds }) => InstanceIds?.length)).toEqual([1, 1, 1]);
  });

  it('launches nothing below the minimum of a single-zone fleet', async () => {
    for (const zone of ['us-west-2a', 'us-west-2b']) {
      await rig.control('capacity', { zone, type: 'c5.large', market: 'spot', capacity: 2 });
    }
    const pools = ['us-west-2a', 'us-west-2b'].map((AvailabilityZone) => ({
      InstanceType: 'c5.large' as const,
      AvailabilityZone,
    }));
    const options = { AllocationStrategy: 'price-capacity-optimized', SingleAvailabilityZone: true } as const;
    const few = await fleet(
      rig.ec2,
      fleetInput('node', 3, pools, { SpotOptions: { ...options, MinTargetCapacity: 3 } }),
    );
    expect(few.ids).toEqual([]);
    expect(few.errors.length).toBeGreaterThan(0);
    const enough = await fleet(
      rig.ec2,
      fleetInput('node', 2, pools, { SpotOptions: { ...options, MinTargetCapacity: 2 } }),
    );
    expect(enough.instances).toHaveLength(1);
    expect(enough.ids).toHaveLength(2);
  });

  it('returns the same fleet for the same token and refuses another request with it', async () => {
    const input = fleetInput('node', 2, [A, B], { ClientToken: 'one-launch' });
    const [first, second] = await Promise.all([fleet(rig.ec2, input), fleet(rig.ec2, input)]);
    expect(second.ids).toEqual(first.ids);
    const other = fleetInput('node', 3, [A, B], { ClientToken: 'one-launch' });
    expect(await codeOf(fleet(rig.ec2, other))).toBe('IdempotentParameterMismatch');
  });

  it('keeps a token bound to its request when every pool refused', async () => {
    const dry = { InstanceType: 'p3.2xlarge' as const, AvailabilityZone: 'us-west-2b' };
    await fleet(rig.ec2, fleetInput('node', 1, [dry], { ClientToken: 'dry' }));
    expect(await codeOf(fleet(rig.ec2, fleetInput('node', 1, [A], { ClientToken: 'dry' })))).toBe(
      'IdempotentParameterMismatch',
    );
  });

  it.each<[string, string, () => Partial<Ask> | Promise<Partial<Ask>>]>([
    [
      'two subnets of one zone',
      'InvalidFleetConfig',
      async () => ({ overrides: [A, { InstanceType: 't3.micro' as const, SubnetId: await secondSubnet() }] }),
    ],
    ['an unknown template', 'InvalidLaunchTemplateName.NotFoundException', () => ({ name: 'nobody' })],
    [
      'a spot request tag',
      'InvalidParameterValue',
      () => ({
        more: {
          TagSpecifications: [{ ResourceType: 'spot-instances-request' as const, Tags: [{ Key: 'a', Value: 'b' }] }],
        },
      }),
    ],
    [
      'a minimum without a single type or zone',
      'InvalidParameterCombination',
      () => ({ more: { SpotOptions: { MinTargetCapacity: 1 } } }),
    ],
    ['a type it does not play', 'InvalidParameterValue', () => ({ more: { Type: 'maintain' as const } })],
    [
      'an unknown strategy',
      'InvalidParameterValue',
      () => ({ more: { SpotOptions: { AllocationStrategy: 'luckiest' as never } } }),
    ],
    ['a launch beyond the fleet quota', 'InvalidParameterValue', () => ({ target: 10_001 })],
  ])('refuses %s', async (_what, code, make) => {
    const { name = 'node', target = 1, overrides = [A], more = {} } = await make();
    expect(await codeOf(fleet(rig.ec2, fleetInput(name, target, overrides, more)))).toBe(code);
  });

  it('fails an on-demand launch whose template tags spot requests', async () => {
    await template(rig.ec2, 'spot-tags', {
      TagSpecifications: [{ ResourceType: 'spot-instances-request', Tags: [{ Key: 'a', Value: 'b' }] }],
    });
    const target = { TotalTargetCapacity: 1, DefaultTargetCapacityType: 'on-demand' } as const;
    const { ids, errors } = await fleet(
      rig.ec2,
      fleetInput('spot-tags', 1, [A], { TargetCapacitySpecification: target }),
    );
    expect([ids, errors[0]?.ErrorCode]).toEqual([[], 'InvalidParameterValue']);
  });

  it('refuses pools whose type does not fit the image', async () => {
    const { errors } = await fleet(
      rig.ec2,
      fleetInput('node', 1, [{ InstanceType: 't4g.small', AvailabilityZone: 'us-west-2a' }]),
    );
    expect(errors[0]?.ErrorMessage).toMatch(/architecture 'arm64'.*'x86_64'/s);
  });

  it('makes data volumes, tags them, and finds spot requests by instance', async () => {
    await template(rig.ec2, 'data', {
      BlockDeviceMappings: [
        { DeviceName: '/dev/sdf', Ebs: { VolumeSize: 50, VolumeType: 'gp3', DeleteOnTermination: false } },
      ],
    });
    const tags = [{ Key: 'Slot', Value: 'book-0' }];
    const { ids, fleetId } = await fleet(
      rig.ec2,
      fleetInput('data', 1, [A], {
        TagSpecifications: ['instance', 'volume', 'network-interface', 'fleet'].map((ResourceType) => ({
          ResourceType: ResourceType as 'volume',
          Tags: tags,
        })),
      }),
    );
    const { Volumes = [] } = await rig.ec2.send(
      new DescribeVolumesCommand({ Filters: [{ Name: 'tag:Slot', Values: ['book-*'] }] }),
    );
    expect(Volumes.map(({ Size, Attachments }) => [Size, Attachments?.[0]?.DeleteOnTermination]).sort()).toEqual([
      [50, false],
      [8, true],
    ]);
    const { SpotInstanceRequests = [] } = await rig.ec2.send(
      new DescribeSpotInstanceRequestsCommand({ Filters: [{ Name: 'instance-id', Values: ids }] }),
    );
    expect(SpotInstanceRequests[0]).toMatchObject({
      InstanceId: ids[0],
      State: 'active',
      Status: { Code: 'fulfilled' },
    });
    const [instance] = await instances(rig.ec2, ids);
    expect(instance?.Tags).toContainEqual({ Key: 'aws:ec2:fleet-id', Value: fleetId });
  });

  it('describes an instant fleet by id only and deletes it with its instances', async () => {
    const { ids, fleetId } = await fleet(rig.ec2, fleetInput('node', 1, [A]));
    expect((await rig.ec2.send(new DescribeFleetsCommand({}))).Fleets).toEqual([]);
    const { Fleets } = await rig.ec2.send(new DescribeFleetsCommand({ FleetIds: [fleetId] }));
    expect(Fleets?.[0]?.Instances?.[0]?.InstanceIds).toEqual(ids);
    const kept = await rig.ec2.send(new DeleteFleetsCommand({ FleetIds: [fleetId], TerminateInstances: false }));
    expect(kept.UnsuccessfulFleetDeletions).toHaveLength(1);
    await rig.ec2.send(new DeleteFleetsCommand({ FleetIds: [fleetId], TerminateInstances: true }));
    await until(async () => (await instances(rig.ec2, ids))[0]?.State?.Name === 'terminated');
  });
});

describe('RunInstances', () => {
  it('gives between the two counts and refuses below the first with status 500', async () => {
    await rig.control('capacity', { zone: 'us-west-2a', type: 'r5.large', market: 'on-demand', capacity: 3 });
    const ask = async (MinCount: number, MaxCount: number) =>
      rig.ec2.send(
        new RunInstancesCommand({
          MinCount,
          MaxCount,
          InstanceType: 'r5.large',
          ImageId: await imageId(rig.ec2),
          Placement: { AvailabilityZone: 'us-west-2a' },
        }),
      );
    expect((await ask(1, 2)).Instances).toHaveLength(2);
    await expect(ask(2, 2)).rejects.toMatchObject({
      name: 'InsufficientInstanceCapacity',
      $metadata: { httpStatusCode: 500 },
    });
    expect((await ask(1, 5)).Instances).toHaveLength(1);
  });

  it('keeps tokens per zone, as AWS does', async () => {
    const ImageId = await imageId(rig.ec2);
    const ask = (zone: string) =>
      rig.ec2.send(
        new RunInstancesCommand({
          MinCount: 1,
          MaxCount: 1,
          InstanceType: 't3.micro',
          ImageId,
          ClientToken: 'zonal',
          Placement: { AvailabilityZone: zone },
        }),
      );
    const [first, again, other] = [await ask('us-west-2a'), await ask('us-west-2a'), await ask('us-west-2b')];
    expect(again.Instances?.[0]?.InstanceId).toBe(first.Instances?.[0]?.InstanceId);
    expect(other.Instances?.[0]?.InstanceId).not.toBe(first.Instances?.[0]?.InstanceId);
  });
});

async function secondSubnet(): Promise<string> {
  const { Vpcs } = await rig.ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: 'is-default', Values: ['true'] }] }));
  const { Subnet } = await rig.ec2.send(
    new CreateSubnetCommand({ VpcId: Vpcs?.[0]?.VpcId, CidrBlock: '172.31.200.0/24', AvailabilityZone: 'us-west-2a' }),
  );
  return Subnet?.SubnetId ?? '';
}

it('pays resource tokens per instance where throttling is on', async () => {
  const strict = await startRig({
    extends: 'quick',
    api: { throttle: true, resourceBuckets: [{ operations: ['CreateFleet'], size: 3, refill: 0 }] },
  });
  await template(strict.ec2, 'node');
  await strict.ec2.send(new CreateFleetCommand(fleetInput('node', 2, [A])));
  await expect(strict.ec2.send(new CreateFleetCommand(fleetInput('node', 2, [A])))).rejects.toMatchObject({
    name: 'RequestLimitExceeded',
    $metadata: { httpStatusCode: 503 },
  });
  await strict.close();
});
