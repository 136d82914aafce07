import {
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  DescribeAvailabilityZonesCommand,
  DescribeImagesCommand,
  DescribeInstanceStatusCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  DescribeInstancesCommand,
  DescribeSpotPriceHistoryCommand,
  DescribeTagsCommand,
  paginateDescribeInstances,
  paginateDescribeInstanceTypes,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { codeOf, imageId, instances, startRig, until, type Rig } from './ec2-support';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.close());

async function run(count: number, tags: Record<string, string>): Promise<string[]> {
  const { Instances = [] } = await rig.ec2.send(
    new RunInstancesCommand({
      MinCount: count,
      MaxCount: count,
      InstanceType: 't3.micro',
      ImageId: await imageId(rig.ec2),
      TagSpecifications: [
        { ResourceType: 'instance', Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
      ],
    }),
  );
  return Instances.map(({ InstanceId }) => InstanceId ?? '');
}

describe('describe calls', () => {
  it('page through everything once, in the sizes asked for, while new things come', async () => {
    const ids = await run(12, { Batch: 'pages' });
    const seen: string[] = [];
    let pages = 0;
    for await (const page of paginateDescribeInstances(
      { client: rig.ec2 },
      { MaxResults: 5, Filters: [{ Name: 'tag:Batch', Values: ['pages'] }] },
    )) {
      if (pages === 0) await run(1, { Batch: 'other' });
      seen.push(
        ...(page.Reservations ?? [])
          .flatMap(({ Instances }) => Instances ?? [])
          .map(({ InstanceId }) => InstanceId ?? ''),
      );
      pages += 1;
    }
    expect(seen.sort()).toEqual([...ids].sort());
    expect(pages).toBe(3);
  });

  it.each([
    ['a page below the range', { MaxResults: 4 }, 'InvalidParameterValue'],
    ['a page above the range', { MaxResults: 1001 }, 'InvalidParameterValue'],
    [
      'ids together with a page size',
      { MaxResults: 5, InstanceIds: ['i-0123456789abcdef0'] },
      'InvalidParameterCombination',
    ],
    ['a made-up page token', { NextToken: 'abc' }, 'InvalidNextToken'],
    ['an unknown filter', { Filters: [{ Name: 'colour', Values: ['red'] }] }, 'InvalidParameterValue'],
    ['a malformed id', { InstanceIds: ['web-1'] }, 'InvalidInstanceID.Malformed'],
    ['an unknown id', { InstanceIds: ['i-0123456789abcdef0'] }, 'InvalidInstanceID.NotFound'],
  ])('refuse %s', async (_what, input, code) => {
    expect(await codeOf(rig.ec2.send(new DescribeInstancesCommand(input)))).toBe(code);
  });

  it('name the filter that they do not know', async () => {
    await expect(
      rig.ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: 'colour', Values: ['red'] }] })),
    ).rejects.toThrow(/colour/);
  });

  it('filter by tags with wildcards, by keys, and by several at once', async () => {
    const [first] = await run(1, { Role: 'broker-0', Ring: 'blue' });
    await run(1, { Role: 'client-0' });
    const found = async (...filters: [string, ...string[]][]): Promise<number> => {
      const { Reservations = [] } = await rig.ec2.send(
        new DescribeInstancesCommand({ Filters: filters.map(([Name, ...Values]) => ({ Name, Values })) }),
      );
      return Reservations.flatMap(({ Instances }) => Instances ?? []).length;
    };
    expect(await found(['tag:Role', 'broker-*'])).toBe(1);
    expect(await found(['tag:Role', '*-?'])).toBe(2);
    expect(await found(['tag:Role', 'broker-0', 'client-0'])).toBe(2);
    expect(await found(['tag-key', 'Ring'])).toBe(1);
    expect(await found(['tag:Role', 'broker-0'], ['instance-state-name', 'terminated'])).toBe(0);
    await rig.ec2.send(new CreateTagsCommand({ Resources: [first ?? ''], Tags: [{ Key: 'Role', Value: 'moved' }] }));
    expect(await found(['tag:Role', 'broker-0'])).toBe(0);
    expect(await found(['tag:Role', 'moved'])).toBe(1);
  });

  it('show pending, running, shutting-down and terminated, with the reason, and free the tags last', async () => {
    const [id = ''] = await run(1, { Life: 'short' });
    const state = async () => (await instances(rig.ec2, [id]))[0]?.State?.Name;
    expect(await state()).toBe('pending');
    await until(async () => (await state()) === 'running');
    const { TerminatingInstances } = await rig.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    expect(TerminatingInstances?.[0]).toMatchObject({
      PreviousState: { Name: 'running' },
      CurrentState: { Name: 'shutting-down' },
    });
    await until(async () => (await state()) === 'terminated');
    const [gone] = await instances(rig.ec2, [id]);
    expect(gone?.StateReason?.Code).toBe('Client.UserInitiatedShutdown');
    const { Tags = [] } = await rig.ec2.send(new DescribeTagsCommand({ Filters: [{ Name: 'key', Values: ['Life'] }] }));
    expect(Tags).toEqual([{ Key: 'Life', Value: 'short', ResourceId: id, ResourceType: 'instance' }]);
  });

  it('report the status checks as initializing and then ok', async () => {
    const [id = ''] = await run(1, { Checks: 'yes' });
    const status = async () =>
      (await rig.ec2.send(new DescribeInstanceStatusCommand({ InstanceIds: [id] }))).InstanceStatuses?.[0];
    expect(await status()).toBeUndefined();
    await until(async () => (await status())?.InstanceStatus?.Status === 'ok');
  });
});

describe('the places', () => {
  it('have true machine types, offerings by zone, and no type beyond them', async () => {
    const { InstanceTypes } = await rig.ec2.send(
      new DescribeInstanceTypesCommand({ InstanceTypes: ['t3.small', 'm6g.xlarge'] }),
    );
    expect(
      InstanceTypes?.map((type) => [
        type.InstanceType,
        type.VCpuInfo?.DefaultVCpus,
        type.MemoryInfo?.SizeInMiB,
        type.ProcessorInfo?.SupportedArchitectures,
      ]),
    ).toEqual([
      ['t3.small', 2, 2048, ['x86_64']],
      ['m6g.xlarge', 4, 16384, ['arm64']],
    ]);
    expect(await codeOf(rig.ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ['z9.huge' as never] })))).toBe(
      'InvalidInstanceType',
    );
    const { InstanceTypeOfferings = [] } = await rig.ec2.send(
      new DescribeInstanceTypeOfferingsCommand({
        LocationType: 'availability-zone',
        Filters: [{ Name: 'instance-type', Values: ['t2.micro'] }],
      }),
    );
    expect(InstanceTypeOfferings.map(({ Location }) => Location)).toEqual(['us-west-2a', 'us-west-2b', 'us-west-2c']);
    let count = 0;
    for await (const page of paginateDescribeInstanceTypes({ client: rig.ec2 }, { MaxResults: 20 }))
      count += page.InstanceTypes?.length ?? 0;
    expect(count).toBe(Object.keys(rig.simulator.world.scenario.instanceTypes).length);
  });

  it('have at least three zones in each of four regions, and other image ids in each', async () => {
    const images = new Set<string>();
    for (const region of ['us-west-2', 'us-east-1', 'us-east-2', 'eu-west-1']) {
      const client = rig.client(region);
      const { AvailabilityZones = [] } = await client.send(new DescribeAvailabilityZonesCommand({}));
      expect(AvailabilityZones.length).toBeGreaterThanOrEqual(3);
      for (const arch of ['x86_64', 'arm64'] as const) images.add(await imageId(client, arch));
    }
    expect(images.size).toBe(8);
  });

  it('have own images with tags, and refuse a region that is not there', async () => {
    const { Images } = await rig.ec2.send(
      new DescribeImagesCommand({ Owners: ['self'], Filters: [{ Name: 'tag:Role', Values: ['pulsar-base'] }] }),
    );
    expect(Images?.map(({ Name }) => Name)).toEqual(['pulsar-base-x86_64', 'pulsar-base-arm64']);
    expect(await codeOf(rig.client('mars-north-1').send(new DescribeInstancesCommand({})))).toBe('AuthFailure');
  });

  it('have spot prices below on-demand that pages keep in order', async () => {
    const input = {
      InstanceTypes: ['t3.small' as const],
      ProductDescriptions: ['Linux/UNIX'],
      AvailabilityZone: 'us-west-2a',
      StartTime: new Date(),
    };
    const { SpotPriceHistory = [] } = await rig.ec2.send(new DescribeSpotPriceHistoryCommand(input));
    expect(SpotPriceHistory).toHaveLength(1);
    expect(Number(SpotPriceHistory[0]?.SpotPrice)).toBeLessThan(0.0208);
    const page = await rig.ec2.send(
      new DescribeSpotPriceHistoryCommand({ ...input, StartTime: new Date(0), MaxResults: 3 }),
    );
    expect(page.SpotPriceHistory).toHaveLength(3);
    expect(page.NextToken).toBeDefined();
  });

  it('are separate for each account', async () => {
    await run(1, { Mine: 'yes' });
    const other = await rig.client('us-west-2', '210987654321').send(new DescribeInstancesCommand({}));
    expect(other.Reservations).toEqual([]);
  });
});

it('refuses to act on a dry run, with status 412', async () => {
  const before = (await rig.ledger()).resources.length;
  await expect(
    rig.ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'us-west-2a', Size: 1, DryRun: true })),
  ).rejects.toMatchObject({
    name: 'DryRunOperation',
    $metadata: { httpStatusCode: 412 },
  });
  expect((await rig.ledger()).resources).toHaveLength(before);
});

it('hides what was just made for the drawn lag, then shows it', async () => {
  const slow = await startRig({ extends: 'quick', delays: { visibilityLag: [300, 300] } });
  const { GroupId = '' } = await slow.ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'late', Description: 'late' }),
  );
  expect(
    await codeOf(slow.ec2.send(new CreateTagsCommand({ Resources: [GroupId], Tags: [{ Key: 'a', Value: 'b' }] }))),
  ).toBe('InvalidGroup.NotFound');
  await until(async () => {
    const reply = await slow.ec2
      .send(new CreateTagsCommand({ Resources: [GroupId], Tags: [{ Key: 'a', Value: 'b' }] }))
      .catch(() => undefined);
    return reply !== undefined;
  });
  await slow.close();
});
