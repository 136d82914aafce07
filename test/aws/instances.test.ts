import {
  CreateTagsCommand,
  DescribeInstancesCommand,
  DescribeSpotInstanceRequestsCommand,
  EC2Client,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import { describeInstances, launchedBy, ofExperiment, tagResources, terminateInstances } from '../../src/aws/instances';
import { spotStatuses } from '../../src/aws/spot-requests';
import { awsError, mockedRegion } from './support';

const ec2 = mockClient(EC2Client);
const aws = mockedRegion();
beforeEach(() => ec2.reset());

const id = (n: number): string => `i-${n.toString(16).padStart(17, '0')}`;
const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => id(n));
const reservation = (...known: string[]): object => ({
  Instances: known.map((InstanceId) => ({ InstanceId, State: { Name: 'running' }, LaunchTime: new Date(0) })),
});
const asked = (): (string[] | undefined)[] =>
  ec2.commandCalls(DescribeInstancesCommand).map((call) => call.args[0].input.InstanceIds);

/** Knows all ids but these, and names them in AWS's words unless told to be silent. */
function knowAllBut(unknown: string[], silent = false): void {
  ec2.on(DescribeInstancesCommand).callsFake(({ InstanceIds = [] }: { InstanceIds?: string[] }) => {
    const missing = InstanceIds.filter((one) => unknown.includes(one));
    if (missing.length === 0) return { Reservations: [reservation(...InstanceIds)] };
    const message = `The instance IDs '${missing.join(', ')}' do not exist`;
    throw awsError('InvalidInstanceID.NotFound', silent ? 'Some do not exist' : message);
  });
}

describe('instances by id', () => {
  it('are asked 1,000 at a time without a page size', async () => {
    knowAllBut([]);
    expect(await describeInstances(aws, ids(2500))).toHaveLength(2500);
    expect(asked().map((part) => part?.length)).toEqual([1000, 1000, 500]);
    for (const call of ec2.commandCalls(DescribeInstancesCommand)) {
      expect(call.args[0].input).not.toHaveProperty('MaxResults');
    }
  });

  it('leave out all unknown ids with one more call', async () => {
    knowAllBut([id(3), id(7)]);
    const views = await describeInstances(aws, ids(10));
    expect(views.map((view) => view.instanceId)).toEqual(ids(10).filter((one) => one !== id(3) && one !== id(7)));
    expect(asked()).toHaveLength(2);
  });

  it('are found also when AWS does not say which id is unknown', async () => {
    knowAllBut([id(5)], true);
    const views = await describeInstances(aws, ids(8));
    expect(views.map((view) => view.instanceId)).toEqual(ids(8).filter((one) => one !== id(5)));
  });

  it('are none when all are unknown, and no call when none are given', async () => {
    knowAllBut(ids(3));
    expect(await describeInstances(aws, ids(3))).toEqual([]);
    ec2.resetHistory();
    expect(await describeInstances(aws, [])).toEqual([]);
    expect(ec2.calls()).toHaveLength(0);
  });

  it('throw what is not about ids', async () => {
    ec2.on(DescribeInstancesCommand).rejects(awsError('UnauthorizedOperation'));
    await expect(describeInstances(aws, ids(2))).rejects.toMatchObject({ type: 'NotAuthorized' });
    ec2.on(DescribeInstancesCommand).rejects(awsError('InvalidInstanceID.Malformed'));
    await expect(describeInstances(aws, ['i-zz'])).rejects.toMatchObject({
      details: { code: 'InvalidInstanceID.Malformed' },
    });
  });

  it('carry state, reason, market, address and profile', async () => {
    ec2.on(DescribeInstancesCommand).resolves({
      Reservations: [
        {
          Instances: [
            {
              InstanceId: id(1),
              InstanceType: 't3.micro',
              InstanceLifecycle: 'spot',
              Placement: { AvailabilityZone: 'us-west-2b' },
              State: { Name: 'terminated' },
              StateReason: { Code: 'Server.SpotInstanceTermination' },
              PrivateIpAddress: '10.0.0.7',
              IamInstanceProfile: { Arn: 'arn:aws:iam::1:instance-profile/p' },
              LaunchTime: new Date('2026-01-02T03:04:05Z'),
              Tags: [{ Key: 'Slot', Value: 'broker-0' }, { Key: 'Empty' }],
            },
          ],
        },
      ],
    });
    expect(await describeInstances(aws, [id(1)])).toEqual([
      {
        instanceId: id(1),
        instanceType: 't3.micro',
        zone: 'us-west-2b',
        market: 'spot',
        state: 'terminated',
        stateReason: 'Server.SpotInstanceTermination',
        privateIp: '10.0.0.7',
        hasProfile: true,
        launchedAt: '2026-01-02T03:04:05.000Z',
        tags: { Slot: 'broker-0', Empty: '' },
      },
    ]);
  });
});

describe('instances of a launch', () => {
  const member = (n: number, launch: string, state = 'running'): object => ({
    InstanceId: id(n),
    State: { Name: state },
    Tags: [{ Key: 'LaunchID', Value: launch }],
  });

  it('are read to the last page, with a page size', async () => {
    ec2
      .on(DescribeInstancesCommand)
      .resolvesOnce({ Reservations: [{ Instances: [member(1, 'L')] }], NextToken: 'more' })
      .resolvesOnce({ Reservations: [], NextToken: 'still more' })
      .resolvesOnce({ Reservations: [{ Instances: [member(2, 'L')] }] });
    expect((await launchedBy(aws, 'L')).map((view) => view.instanceId)).toEqual([id(1), id(2)]);
    const inputs = ec2.commandCalls(DescribeInstancesCommand).map((call) => call.args[0].input);
    expect(inputs.map((input) => input.NextToken)).toEqual([undefined, 'more', 'still more']);
    expect(inputs.every((input) => input.MaxResults === 1000)).toBe(true);
  });

  it('are those with exactly that tag that have not ended', async () => {
    ec2.on(DescribeInstancesCommand).resolves({
      Reservations: [
        {
          Instances: [
            member(1, 'L'),
            member(2, 'Lx'),
            member(3, 'L', 'terminated'),
            member(4, 'L', 'pending'),
          ] as never,
        },
      ],
    });
    expect((await launchedBy(aws, 'L')).map((view) => view.instanceId)).toEqual([id(1), id(4)]);
  });

  it('do not hang on a backend that repeats a token', async () => {
    ec2.on(DescribeInstancesCommand).resolves({ Reservations: [], NextToken: 'again' });
    expect(await launchedBy(aws, 'L')).toEqual([]);
    expect(ec2.calls()).toHaveLength(2);
  });
});

it('instances of an experiment carry its exact id and our mark', async () => {
  const tagged = (n: number, ExperimentID: string, ManagedBy: string): object => ({
    InstanceId: id(n),
    State: { Name: 'running' },
    Tags: [
      { Key: 'ExperimentID', Value: ExperimentID },
      { Key: 'ManagedBy', Value: ManagedBy },
    ],
  });
  const Instances = [tagged(1, 'exp-1', 'holdfast'), tagged(2, 'exp-10', 'holdfast'), tagged(3, 'exp-1', 'terraform')];
  ec2.on(DescribeInstancesCommand).resolves({ Reservations: [{ Instances: Instances }] });
  expect((await ofExperiment(aws, 'exp-1')).map((view) => view.instanceId)).toEqual([id(1)]);
  expect(ec2.commandCalls(DescribeInstancesCommand)[0]?.args[0].input.Filters?.map((filter) => filter.Name)).toEqual([
    'tag:ExperimentID',
    'tag:ManagedBy',
    'instance-state-name',
  ]);
});

describe('spot requests', () => {
  it('are asked for 200 instances at a time, and the newest of an instance counts', async () => {
    const request = (Code: string, time: string): object => ({
      InstanceId: id(0),
      Status: { Code, Message: 'told so', UpdateTime: new Date(time) },
    });
    ec2
      .on(DescribeSpotInstanceRequestsCommand)
      .resolvesOnce({ SpotInstanceRequests: [request('marked-for-termination', '2026-02-01')], NextToken: 'x' })
      .resolves({ SpotInstanceRequests: [request('fulfilled', '2026-01-01'), { SpotInstanceRequestId: 'sir-1' }] });
    expect(await spotStatuses(aws, ids(300))).toEqual([
      { instanceId: id(0), code: 'marked-for-termination', message: 'told so', at: '2026-02-01T00:00:00.000Z' },
    ]);
    const inputs = ec2.commandCalls(DescribeSpotInstanceRequestsCommand).map((call) => call.args[0].input);
    expect(inputs.map((input) => input.Filters?.[0]?.Values?.length)).toEqual([200, 200, 100]);
  });

  it('are not asked about nothing', async () => {
    expect(await spotStatuses(aws, [])).toEqual([]);
    expect(ec2.calls()).toHaveLength(0);
  });
});

describe('ending instances', () => {
  it('goes in batches of 1,000', async () => {
    ec2.on(TerminateInstancesCommand).resolves({});
    await terminateInstances(aws, ids(1001));
    expect(ec2.commandCalls(TerminateInstancesCommand).map((call) => call.args[0].input.InstanceIds?.length)).toEqual([
      1000, 1,
    ]);
  });

  it('goes on without the ids that are gone', async () => {
    ec2
      .on(TerminateInstancesCommand)
      .rejectsOnce(awsError('InvalidInstanceID.NotFound', `The instance ID '${id(1)}' does not exist`))
      .resolves({});
    await terminateInstances(aws, ids(3));
    const last = ec2.commandCalls(TerminateInstancesCommand).at(-1)?.args[0].input;
    expect(last?.InstanceIds).toEqual([id(0), id(2)]);
  });

  it('throws when AWS refuses', async () => {
    ec2.on(TerminateInstancesCommand).rejects(awsError('OperationNotPermitted', 'protected'));
    await expect(terminateInstances(aws, ids(1))).rejects.toMatchObject({ type: 'InvalidRequest' });
  });
});

it('tags are written for 1,000 resources at a time', async () => {
  ec2.on(CreateTagsCommand).resolves({});
  await tagResources(aws, ids(1500), { Slot: 'broker-0' });
  const inputs = ec2.commandCalls(CreateTagsCommand).map((call) => call.args[0].input);
  expect(inputs.map((input) => input.Resources?.length)).toEqual([1000, 500]);
  expect(inputs[0]?.Tags).toEqual([{ Key: 'Slot', Value: 'broker-0' }]);
});
