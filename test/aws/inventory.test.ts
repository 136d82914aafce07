/** What does the inventory make of AWS's rarer answers? Each is told by a mocked client. */
import {
  DeleteFleetsCommand,
  DeleteVolumeCommand,
  DescribeFleetsCommand,
  DescribeInstancesCommand,
  DescribeLaunchTemplatesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSpotInstanceRequestsCommand,
  DescribeTagsCommand,
  DescribeVolumesCommand,
  EC2Client,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { GetResourcesCommand, ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { mockClient } from 'aws-sdk-client-mock';
import { createInventory } from '../../src/aws/inventory';
import { refOf } from '../../src/aws/inventory-index';
import type { TaggedResource } from '../../src/contracts/inventory';
import { leftOf, verdictOf } from '../../src/policy/certificate';
import { foldSeen } from '../../src/policy/deletion';
import { awsError, mockedRegion } from './support';

const ec2 = mockClient(EC2Client);
const tagging = mockClient(ResourceGroupsTaggingAPIClient);
const inventory = createInventory(mockedRegion());
const Tags = [
  { Key: 'ExperimentID', Value: 'exp-1' },
  { Key: 'ManagedBy', Value: 'holdfast' },
];

beforeEach(() => {
  ec2.reset();
  tagging.reset();
  ec2.onAnyCommand().resolves({});
  tagging.onAnyCommand().resolves({});
});

function owned(type: string, ids: string[]): TaggedResource[] {
  const tags = { ExperimentID: 'exp-1', ManagedBy: 'holdfast' };
  return ids.map((id) => ({ region: 'us-west-2', type, id, tags, state: 'live', seen: 'x', neededBy: [] }));
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${String(index)}`);
}

describe('ending a batch of instances', () => {
  it('halves a refused batch until the protected one is found, and ends all others', async () => {
    ec2.on(TerminateInstancesCommand).callsFake(({ InstanceIds }: { InstanceIds: string[] }) => {
      if (InstanceIds.includes('i-37')) throw awsError('OperationNotPermitted', 'i-37 may not be terminated');
      return {};
    });

    const removals = await inventory.remove('exp-1', owned('instance', numbered('i', 100)));

    expect(removals.filter((one) => one.outcome === 'protected').map((one) => one.id)).toEqual(['i-37']);
    expect(removals.filter((one) => one.outcome === 'asked')).toHaveLength(99);
    expect(ec2.commandCalls(TerminateInstancesCommand).length).toBeLessThanOrEqual(15);
  });

  it('asks once when the permission is missing, and says so for each', async () => {
    ec2.on(TerminateInstancesCommand).rejects(awsError('UnauthorizedOperation', 'no ec2:TerminateInstances', 403));

    const removals = await inventory.remove('exp-1', owned('instance', numbered('i', 50)));

    expect(new Set(removals.map((one) => one.outcome))).toEqual(new Set(['denied']));
    expect(removals).toHaveLength(50);
    expect(ec2.commandCalls(TerminateInstancesCommand)).toHaveLength(1);
  });

  it.each(['RequestLimitExceeded', 'InternalError'])('leaves %s to be repeated', async (code) => {
    ec2.on(TerminateInstancesCommand).rejects(awsError(code, 'later', 503));

    await expect(inventory.remove('exp-1', owned('instance', ['i-1', 'i-2']))).rejects.toMatchObject({
      type: code === 'InternalError' ? 'ServiceUnavailable' : 'Throttled',
    });
  });
});

describe('deleting one by one', () => {
  it.each([
    ['InvalidVolume.NotFound', 'gone', 'told so'],
    ['VolumeInUse', 'in-use', 'told so'],
    ['OperationNotPermitted', 'protected', 'told so'],
    ['UnauthorizedOperation', 'denied', 'told so'],
    ['InvalidParameterValue', 'failed', 'told so'],
    ['InvalidParameterValue', 'in-use', "Network interface 'eni-1' is currently in use."],
  ])('takes %s for %s', async (code, outcome, words) => {
    ec2.on(DeleteVolumeCommand, { VolumeId: 'vol-1' }).rejects(awsError(code, words));

    const removals = await inventory.remove('exp-1', owned('volume', ['vol-1', 'vol-2']));

    expect(Object.fromEntries(removals.map((one) => [one.id, one.outcome]))).toEqual({
      'vol-1': outcome,
      'vol-2': 'asked',
    });
  });

  it('refuses what is not owned before it calls anything', async () => {
    const [mine, other] = owned('volume', ['vol-1', 'vol-2']);
    const foreign = { ...other, tags: { ExperimentID: 'exp-10', ManagedBy: 'holdfast' } } as TaggedResource;

    await expect(inventory.remove('exp-1', [mine as TaggedResource, foreign])).rejects.toMatchObject({
      type: 'NotOurs',
    });

    expect(ec2.calls()).toEqual([]);
  });

  it('says that it cannot delete a type it does not know', async () => {
    const [removal] = await inventory.remove('exp-1', owned('network-acl', ['acl-1']));

    expect(removal).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('network-acl') as string });
  });
});

describe('a fleet', () => {
  const fleet = {
    FleetId: 'fleet-1',
    FleetState: 'active' as const,
    Tags,
    Instances: [{ InstanceIds: ['i-1', 'i-2'] }],
  };

  function instancesAre(states: Record<string, string>): void {
    const Instances = Object.entries(states).map(([InstanceId, Name]) => ({
      InstanceId,
      State: { Name: Name as 'running' },
      Tags,
    }));
    ec2.on(DescribeInstancesCommand).resolves({ Reservations: [{ Instances }] });
  }

  it('waits until none of its instances lives, since deleting it would end them', async () => {
    ec2.on(DescribeFleetsCommand).resolves({ Fleets: [fleet] });
    instancesAre({ 'i-1': 'running', 'i-2': 'terminated' });

    const [one] = await inventory.describe([{ type: 'fleet', id: 'fleet-1' }]);

    expect(one).toMatchObject({ state: 'live', neededBy: ['i-1'] });
  });

  it('is gone when it is being deleted and nothing of it lives', async () => {
    ec2.on(DescribeFleetsCommand).resolves({ Fleets: [{ ...fleet, FleetState: 'deleted_terminating' }] });
    instancesAre({ 'i-1': 'terminated', 'i-2': 'terminated' });
    await expect(inventory.describe([{ type: 'fleet', id: 'fleet-1' }])).resolves.toMatchObject([{ state: 'gone' }]);

    instancesAre({ 'i-1': 'shutting-down', 'i-2': 'terminated' });
    await expect(inventory.describe([{ type: 'fleet', id: 'fleet-1' }])).resolves.toMatchObject([{ state: 'ending' }]);
  });

  it('is read from a refusal inside a successful answer', async () => {
    ec2.on(DeleteFleetsCommand).resolves({
      UnsuccessfulFleetDeletions: [
        { FleetId: 'fleet-1', Error: { Code: 'fleetNotInDeletableState', Message: 'wait' } },
        { FleetId: 'fleet-2', Error: { Code: 'fleetIdDoesNotExist', Message: 'no' } },
      ],
    });

    const removals = await inventory.remove('exp-1', owned('fleet', ['fleet-1', 'fleet-2', 'fleet-3']));

    expect(removals.map((one) => one.outcome)).toEqual(['in-use', 'gone', 'asked']);
  });

  it('is deleted 25 at a time', async () => {
    await inventory.remove('exp-1', owned('fleet', numbered('fleet', 60)));

    const sizes = ec2.commandCalls(DeleteFleetsCommand).map((call) => call.args[0].input.FleetIds?.length);
    expect(sizes).toEqual([25, 25, 10]);
  });
});

describe('reading', () => {
  it('goes on over short and empty pages to the last token', async () => {
    const row = (ResourceId: string) => ({
      ResourceId,
      ResourceType: 'volume' as const,
      Key: 'ExperimentID',
      Value: 'exp-1',
    });
    ec2
      .on(DescribeTagsCommand)
      .resolvesOnce({ Tags: [row('vol-1')], NextToken: 'a' })
      .resolvesOnce({ Tags: [], NextToken: 'b' })
      .resolvesOnce({ Tags: [row('vol-2')], NextToken: '' });
    const ResourceTagMappingList = [{ ResourceARN: 'arn:aws:ec2:us-west-2:1:volume/vol-3' }];
    tagging
      .on(GetResourcesCommand)
      .resolvesOnce({ PaginationToken: 'x' })
      .resolvesOnce({ ResourceTagMappingList, PaginationToken: '' });
    const Volumes = ['vol-1', 'vol-2', 'vol-3'].map((VolumeId) => ({ VolumeId, State: 'available' as const, Tags }));
    ec2.on(DescribeVolumesCommand, { MaxResults: 1000 }).resolves({ Volumes });

    const { resources, sources } = await inventory.discover('exp-1', { depth: 'index' });

    expect(resources.map((one) => one.id).sort()).toEqual(['vol-1', 'vol-2', 'vol-3']);
    expect(sources.map(({ subject, pages, live }) => [subject, pages, live])).toEqual([
      ['DescribeTags', 3, 2],
      ['GetResources', 2, 1],
      ['volume', 1, 3],
    ]);
  });

  it('takes an index entry that Describe does not know for a ghost', async () => {
    const ResourceTagMappingList = ['volume/vol-1', 'natgateway/nat-1'].map((path) => ({
      ResourceARN: `arn:aws:ec2:us-west-2:1:${path}`,
    }));
    tagging.on(GetResourcesCommand).resolves({ ResourceTagMappingList });

    const { resources, sources } = await inventory.discover('exp-1', { depth: 'index' });

    expect(resources.map(({ id, state }) => [id, state]).sort()).toEqual([
      ['nat-1', 'gone'],
      ['vol-1', 'gone'],
    ]);
    expect(sources.find((one) => one.subject === 'GetResources')).toMatchObject({ live: 0, ghosts: 2 });
  });

  it('names what it cannot delete as long as a tag index carries both tags of its id', async () => {
    const arns = ['network-acl/acl-1', 'network-acl/acl-ghost', 'vpc-flow-log/fl-half'].map(
      (path) => `arn:aws:ec2:us-west-2:1:${path}`,
    );
    const balancer = 'arn:aws:elasticloadbalancing:us-west-2:1:loadbalancer/app/one/1';
    const list = [...arns, balancer].map((ResourceARN) => ({ ResourceARN }));
    tagging.on(GetResourcesCommand).resolves({ ResourceTagMappingList: list });
    tagging
      .on(GetResourcesCommand, { ResourceARNList: [balancer] })
      .resolves({ ResourceTagMappingList: [{ ResourceARN: balancer, Tags }] });
    const row = (ResourceId: string, Key: string, Value: string) => ({ ResourceId, Key, Value });
    ec2
      .on(DescribeTagsCommand, { Filters: [{ Name: 'resource-id', Values: ['acl-1', 'acl-ghost'] }] })
      .resolves({ Tags: [row('acl-1', 'ExperimentID', 'exp-1'), row('acl-1', 'ManagedBy', 'holdfast')] })
      .on(DescribeTagsCommand, { Filters: [{ Name: 'resource-id', Values: ['fl-half'] }] })
      .resolves({ Tags: [row('fl-half', 'ExperimentID', 'exp-1'), row('fl-half', 'ManagedBy', 'hand')] });

    const seen = [{ type: 'network-acl', id: 'acl-ghost' }];
    const { resources } = await inventory.discover('exp-1', { depth: 'index', seen });

    expect(resources.map(({ type, id, state }) => [type, id, state]).sort()).toEqual([
      ['elasticloadbalancing:loadbalancer', balancer, 'live'],
      ['network-acl', 'acl-1', 'live'],
      ['network-acl', 'acl-ghost', 'gone'],
    ]);
    const entries = foldSeen({}, resources, new Date().toISOString());
    expect(verdictOf({ entries, cells: {}, confirmed: true })).toBe('blocked');
    expect(leftOf({ entries, cells: {}, confirmed: true }).join()).toContain(
      'network-acl acl-1: Holdfast cannot delete',
    );
  });

  it('still names what it cannot delete when its tags cannot be read', async () => {
    const ResourceTagMappingList = [{ ResourceARN: 'arn:aws:ec2:us-west-2:1:network-acl/acl-1' }];
    tagging.on(GetResourcesCommand).resolves({ ResourceTagMappingList });
    ec2.on(DescribeTagsCommand).rejects(awsError('UnauthorizedOperation', 'no', 403));

    const { resources, sources } = await inventory.discover('exp-1', { depth: 'index' });

    expect(resources).toMatchObject([{ id: 'acl-1', state: 'live' }]);
    expect(sources.filter((one) => one.unreadable !== undefined).map((one) => one.subject)).toEqual([
      'DescribeTags',
      'network-acl',
    ]);
  });

  it('says what a source missed that others named', async () => {
    const row = { ResourceId: 'vol-1', ResourceType: 'volume' as const, Key: 'ExperimentID', Value: 'exp-1' };
    ec2.on(DescribeTagsCommand).resolves({ Tags: [row] });
    ec2.on(DescribeVolumesCommand).callsFake(({ Filters }: { Filters: { Name: string }[] }) => ({
      Volumes: Filters[0]?.Name === 'volume-id' ? [{ VolumeId: 'vol-1', State: 'available', Tags }] : [],
    }));

    const { sources } = await inventory.discover('exp-1');

    const said = Object.fromEntries(sources.map(({ subject, live, missed }) => [subject, { live, missed }]));
    expect(said['DescribeTags']).toEqual({ live: 1, missed: undefined });
    expect(said['GetResources']).toEqual({ live: 0, missed: ['volume vol-1'] });
    expect(said['volume']).toEqual({ live: 1, missed: ['volume vol-1'] });
    expect(said['instance']).toEqual({ live: 0, missed: undefined });
  });

  it('asks for wildcards of an id literally', async () => {
    await inventory.discover('exp-*?\\');

    const values = ec2
      .calls()
      .flatMap((call) => (call.args[0].input as { Filters?: { Name: string; Values: string[] }[] }).Filters ?? [])
      .filter(({ Name }) => Name === 'tag:ExperimentID' || Name === 'value')
      .flatMap(({ Values }) => Values);
    expect(values.length).toBeGreaterThan(10);
    expect(new Set(values)).toEqual(new Set(['exp-\\*\\?\\\\']));
  });

  it('reads nothing but what it is asked for and its holders when only ids are looked at', async () => {
    ec2.on(DescribeVolumesCommand).resolves({ Volumes: [{ VolumeId: 'vol-1', State: 'available', Tags }] });

    const { resources } = await inventory.discover('exp-1', { depth: 'seen', seen: [{ type: 'volume', id: 'vol-1' }] });

    expect(resources.map((one) => one.id)).toEqual(['vol-1']);
    expect([...ec2.calls(), ...tagging.calls()]).toHaveLength(1);
  });

  it('says which kind could not be read, and takes none of its ids for gone', async () => {
    ec2.on(DescribeVolumesCommand).rejects(awsError('UnauthorizedOperation', 'no\nreally', 403));
    ec2.on(DescribeInstancesCommand).rejects(awsError('Unavailable', 'later', 503));

    const { resources, sources } = await inventory.discover('exp-1', { seen: [{ type: 'volume', id: 'vol-1' }] });

    expect(resources).toEqual([]);
    expect(sources.filter((source) => source.unreadable !== undefined)).toEqual([
      expect.objectContaining({ subject: 'instance', transient: true }),
      expect.objectContaining({
        subject: 'volume',
        transient: false,
        unreadable: expect.stringMatching(/UnauthorizedOperation: no$/) as string,
      }),
    ]);
  });

  it('finds the one unknown id among many in a list of all', async () => {
    const templates = numbered('lt', 20).map((LaunchTemplateId) => ({ LaunchTemplateId, Tags }));
    ec2.on(DescribeLaunchTemplatesCommand).callsFake(({ LaunchTemplateIds = [] }: { LaunchTemplateIds?: string[] }) => {
      if (LaunchTemplateIds.includes('lt-7')) throw awsError('InvalidLaunchTemplateId.NotFound');
      return {
        LaunchTemplates: [...templates, { LaunchTemplateId: 'lt-other' }].filter(
          (one) => one.LaunchTemplateId !== 'lt-7',
        ),
      };
    });
    const refs = numbered('lt', 20).map((id) => ({ type: 'launch-template', id }));

    const described = await inventory.describe(refs);

    expect(described.filter((one) => one.state === 'gone').map((one) => one.id)).toEqual(['lt-7']);
    expect(described).toHaveLength(20);
    expect(ec2.calls()).toHaveLength(2);
  });

  it('finds the one unknown fleet among many by halving', async () => {
    ec2.on(DescribeFleetsCommand).callsFake(({ FleetIds = [] }: { FleetIds?: string[] }) => {
      if (FleetIds.includes('fleet-7')) throw awsError('InvalidFleetId.NotFound');
      return { Fleets: FleetIds.map((FleetId) => ({ FleetId, FleetState: 'active', Tags })) };
    });

    const described = await inventory.describe(numbered('fleet', 20).map((id) => ({ type: 'fleet', id })));

    expect(described.filter((one) => one.state === 'gone').map((one) => one.id)).toEqual(['fleet-7']);
    expect(described).toHaveLength(20);
  });

  it('counts untagged disks, cards and requests of an own instance as its children', async () => {
    const Attachment = { InstanceId: 'i-1', DeleteOnTermination: true, Status: 'attached' as const };
    const instance = {
      InstanceId: 'i-1',
      State: { Name: 'running' as const },
      Tags,
      SpotInstanceRequestId: 'sir-1',
      BlockDeviceMappings: [{ Ebs: { VolumeId: 'vol-1', DeleteOnTermination: true } }],
      NetworkInterfaces: [{ NetworkInterfaceId: 'eni-1', Attachment: { DeleteOnTermination: true } }],
    };
    const disk = { InstanceId: 'i-1', State: 'attached' as const, DeleteOnTermination: true };
    ec2.on(DescribeInstancesCommand).resolves({ Reservations: [{ Instances: [instance] }] });
    ec2.on(DescribeVolumesCommand).resolves({ Volumes: [{ VolumeId: 'vol-1', State: 'in-use', Attachments: [disk] }] });
    ec2
      .on(DescribeNetworkInterfacesCommand)
      .resolves({ NetworkInterfaces: [{ NetworkInterfaceId: 'eni-1', Status: 'in-use', Attachment }] });
    ec2.on(DescribeSpotInstanceRequestsCommand).resolves({
      SpotInstanceRequests: [{ SpotInstanceRequestId: 'sir-1', State: 'active', InstanceId: 'i-1' }],
    });

    const { resources } = await inventory.discover('exp-1');

    expect(resources.map((one) => [one.type, one.diesWith])).toEqual([
      ['instance', undefined],
      ['spot-instances-request', 'i-1'],
      ['volume', 'i-1'],
      ['network-interface', 'i-1'],
    ]);
  });

  it('cancels a tagged request before its instance, as a persistent one would start it again', async () => {
    const instance = { InstanceId: 'i-1', State: { Name: 'running' as const }, Tags, SpotInstanceRequestId: 'sir-1' };
    ec2.on(DescribeInstancesCommand).resolves({ Reservations: [{ Instances: [instance] }] });
    const request = { SpotInstanceRequestId: 'sir-1', State: 'active' as const, InstanceId: 'i-1', Tags };
    ec2.on(DescribeSpotInstanceRequestsCommand).resolves({ SpotInstanceRequests: [request] });

    const { resources } = await inventory.discover('exp-1');

    expect(resources.find((one) => one.type === 'instance')?.neededBy).toEqual(['sir-1']);
    expect(resources.find((one) => one.id === 'sir-1')).not.toHaveProperty('diesWith');
  });

  it('keeps what lost its tags after it was seen, and says why', async () => {
    ec2.on(DescribeVolumesCommand).resolves({ Volumes: [{ VolumeId: 'vol-1', State: 'available' }] });

    const { resources } = await inventory.discover('exp-1', { seen: [{ type: 'volume', id: 'vol-1' }] });

    expect(resources).toMatchObject([
      { id: 'vol-1', state: 'live', protectedBy: 'it no longer carries the ownership tags' },
    ]);
  });
});

it.each([
  ['arn:aws:ec2:us-west-2:123456789012:instance/i-1', 'instance', 'i-1'],
  ['arn:aws-cn:ec2:cn-north-1:1:security-group/sg-1', 'security-group', 'sg-1'],
  ['arn:aws:ssm:us-west-2:1:parameter/a/b', 'ssm:parameter', 'arn:aws:ssm:us-west-2:1:parameter/a/b'],
  ['arn:aws:sqs:us-west-2:1:queue', 'sqs', 'arn:aws:sqs:us-west-2:1:queue'],
])('%s is a %s', (arn, type, id) => {
  expect(refOf(arn)).toEqual({ type, id });
});
