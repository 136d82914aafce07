import { CreateFleetCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import { createFleet, rehearseFleet } from '../../src/aws/fleet';
import { FAILURES } from '../../src/contracts/failures';
import { ERROR_TABLE, isOutcome } from '../../src/policy/refusals';
import { awsError, fleetRequest, mockedRegion, TAGS } from './support';

const ec2 = mockClient(EC2Client);
const aws = mockedRegion();
beforeEach(() => ec2.reset());

const override = (zone: string, InstanceType: string): object => ({
  Overrides: { InstanceType, AvailabilityZone: `us-west-2${zone}`, SubnetId: `subnet-${zone}` },
});

describe('the request', () => {
  const sent = async (over = {}): Promise<Record<string, unknown>> => {
    ec2.on(CreateFleetCommand).resolves({});
    await createFleet(aws, fleetRequest(over));
    return ec2.commandCalls(CreateFleetCommand)[0]?.args[0].input as unknown as Record<string, unknown>;
  };

  it('is an instant fleet with the token, the count and one override per pool with its zone and image', async () => {
    const input = await sent();
    expect(input).toMatchObject({
      Type: 'instant',
      ClientToken: 'token-1',
      TargetCapacitySpecification: { TotalTargetCapacity: 3, DefaultTargetCapacityType: 'spot' },
      SpotOptions: { AllocationStrategy: 'price-capacity-optimized', InstanceInterruptionBehavior: 'terminate' },
    });
    expect(input).not.toHaveProperty('OnDemandOptions');
    expect(input['LaunchTemplateConfigs']).toEqual([
      {
        LaunchTemplateSpecification: { LaunchTemplateName: 'holdfast-exp-1-broker', Version: '$Default' },
        Overrides: fleetRequest().pools.map(({ zone, subnetId, instanceType, imageId }) => ({
          AvailabilityZone: zone,
          SubnetId: subnetId,
          InstanceType: instanceType,
          ImageId: imageId,
        })),
      },
    ]);
  });

  it('tags instances, volumes, interfaces and the fleet, and no spot request', async () => {
    const { TagSpecifications } = (await sent()) as { TagSpecifications: { ResourceType: string; Tags: object[] }[] };
    expect(TagSpecifications.map((one) => one.ResourceType)).toEqual([
      'instance',
      'volume',
      'network-interface',
      'fleet',
    ]);
    for (const { Tags } of TagSpecifications) expect(Tags).toContainEqual({ Key: 'LaunchID', Value: TAGS.LaunchID });
  });

  it('has no spot options on demand', async () => {
    const input = await sent({ market: 'on-demand' });
    expect(input).toMatchObject({ TargetCapacitySpecification: { DefaultTargetCapacityType: 'on-demand' } });
    expect(input).not.toHaveProperty('SpotOptions');
  });
});

describe('a reply', () => {
  it('keeps what came beside what was refused', async () => {
    ec2.on(CreateFleetCommand).resolves({
      FleetId: 'fleet-1',
      Instances: [
        {
          InstanceIds: ['i-1', 'i-2'],
          InstanceType: 't3.micro',
          Lifecycle: 'spot',
          LaunchTemplateAndOverrides: override('a', 't3.micro'),
        },
      ],
      Errors: [
        {
          ErrorCode: 'InsufficientInstanceCapacity',
          ErrorMessage: 'none left',
          Lifecycle: 'spot',
          LaunchTemplateAndOverrides: override('b', 't3a.micro'),
        },
      ],
    });
    expect(await createFleet(aws, fleetRequest())).toEqual({
      fleetId: 'fleet-1',
      nodes: ['i-1', 'i-2'].map((instanceId) => ({
        instanceId,
        instanceType: 't3.micro',
        zone: 'us-west-2a',
        market: 'spot',
      })),
      refusals: [
        {
          pool: { region: 'us-west-2', zone: 'us-west-2b', instanceType: 't3a.micro', market: 'spot' },
          subnetId: 'subnet-b',
          code: 'InsufficientInstanceCapacity',
          message: 'none left',
          class: 'capacity',
          scope: 'pool',
        },
      ],
    });
  });

  it.each([
    ['its type alone', { Overrides: { InstanceType: 't3.micro' } }, ['a t3.micro', 'b t3.micro']],
    ['its subnet alone', { Overrides: { SubnetId: 'subnet-a' } }, ['a t3.micro', 'a t3a.micro']],
    ['nothing', undefined, ['a t3.micro', 'a t3a.micro', 'b t3.micro', 'b t3a.micro']],
    [
      'a pool that was not asked',
      override('z', 'm5.large'),
      ['a t3.micro', 'a t3a.micro', 'b t3.micro', 'b t3a.micro'],
    ],
  ])('attributes an error that names %s to every pool it fits', async (_, named, pools) => {
    const error = { ErrorCode: 'UnfulfillableCapacity', ErrorMessage: '', LaunchTemplateAndOverrides: named };
    ec2.on(CreateFleetCommand).resolves({ Errors: [error as never] });
    const { refusals, nodes } = await createFleet(aws, fleetRequest());
    expect(nodes).toEqual([]);
    expect(refusals.map(({ pool }) => `${pool.zone.slice(-1)} ${pool.instanceType}`)).toEqual(pools);
  });

  it('counts an error that AWS repeats per instance once', async () => {
    const error = {
      ErrorCode: 'VcpuLimitExceeded',
      ErrorMessage: 'limit',
      LaunchTemplateAndOverrides: override('a', 't3.micro'),
    };
    ec2.on(CreateFleetCommand).resolves({ Errors: [error, error, error] as never[] });
    const { refusals } = await createFleet(aws, fleetRequest());
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toMatchObject({ class: 'quota', scope: 'family' });
  });

  it('finds the zone of a node by its subnet when AWS does not name it', async () => {
    ec2.on(CreateFleetCommand).resolves({
      Instances: [
        {
          InstanceIds: ['i-1'],
          InstanceType: 't3a.micro',
          LaunchTemplateAndOverrides: { Overrides: { SubnetId: 'subnet-b' } },
        },
      ],
    });
    const { nodes } = await createFleet(aws, fleetRequest({ market: 'on-demand' }));
    expect(nodes).toEqual([{ instanceId: 'i-1', instanceType: 't3a.micro', zone: 'us-west-2b', market: 'on-demand' }]);
  });

  it('without nodes and errors is empty', async () => {
    ec2.on(CreateFleetCommand).resolves({ FleetId: 'fleet-1' });
    expect(await createFleet(aws, fleetRequest())).toEqual({ fleetId: 'fleet-1', nodes: [], refusals: [] });
  });
});

describe('a request refused as a whole', () => {
  const codes = ERROR_TABLE.filter(
    (row) => (row.channel ?? 'call') === 'call' && !/^(E[A-Z]+$|TimeoutError)/.test(row.code),
  );
  const refusing = codes.filter((row) => isOutcome(row.class) || (row.class === 'auth' && row.scope === 'market'));
  const throwing = codes.filter((row) => !refusing.includes(row));

  it.each(refusing.map((row) => [row.code, row] as const))(
    '%s refuses every pool of the request',
    async (code, row) => {
      ec2.on(CreateFleetCommand).rejects(awsError(code));
      const reply = await createFleet(aws, fleetRequest());
      expect(reply.nodes).toEqual([]);
      expect(reply.refusals).toHaveLength(4);
      for (const refusal of reply.refusals) {
        expect(refusal).toMatchObject({ code, message: 'told so', class: row.class, scope: row.scope });
      }
      expect(ec2.commandCalls(CreateFleetCommand)).toHaveLength(1);
    },
  );

  it.each(throwing.map((row) => [row.code] as const))('%s is thrown with its code', async (code) => {
    ec2.on(CreateFleetCommand).rejects(awsError(code));
    const thrown: unknown = await createFleet(aws, fleetRequest()).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ name: 'Failure', details: { code, operation: 'CreateFleet' } });
    expect(Object.keys(FAILURES)).toContain((thrown as { type: string }).type);
    expect(['Capacity', 'Quota']).not.toContain((thrown as { type: string }).type);
  });

  it('an unknown code is thrown, not retried and not taken for a refusal', async () => {
    ec2.on(CreateFleetCommand).rejects(awsError('NeverHeardOf'));
    await expect(createFleet(aws, fleetRequest())).rejects.toMatchObject({ type: 'Unclassified' });
    expect(ec2.commandCalls(CreateFleetCommand)).toHaveLength(1);
  });
});

describe('a rehearsal', () => {
  it('resolves when both dry runs would have been allowed, and sends no token', async () => {
    ec2.on(CreateFleetCommand).rejects(awsError('DryRunOperation', 'would have succeeded', 412));
    ec2.on(RunInstancesCommand).rejects(awsError('DryRunOperation', 'would have succeeded', 412));
    await rehearseFleet(aws, fleetRequest());
    for (const call of [...ec2.commandCalls(CreateFleetCommand), ...ec2.commandCalls(RunInstancesCommand)]) {
      expect(call.args[0].input).toMatchObject({ DryRun: true });
      expect(call.args[0].input.ClientToken).not.toBe('token-1');
    }
    expect(ec2.calls()).toHaveLength(2);
  });

  it.each([
    ['UnauthorizedOperation', 'NotAuthorized'],
    ['InvalidAMIID.NotFound', 'InvalidRequest'],
    ['RequestLimitExceeded', 'Throttled'],
  ])('rejects on %s with %s', async (code, type) => {
    ec2.on(CreateFleetCommand).rejects(awsError('DryRunOperation'));
    ec2.on(RunInstancesCommand).rejects(awsError(code));
    await expect(rehearseFleet(aws, fleetRequest())).rejects.toMatchObject({ type });
  });

  it.each(['Unsupported', 'InsufficientInstanceCapacity', 'VcpuLimitExceeded'])(
    'leaves %s to the launch, which has other pools',
    async (code) => {
      ec2.on(CreateFleetCommand).rejects(awsError('DryRunOperation'));
      ec2.on(RunInstancesCommand).rejects(awsError(code));
      await rehearseFleet(aws, fleetRequest());
    },
  );

  it('passes an abort on', async () => {
    const abort = Object.assign(new Error('Request aborted'), { name: 'AbortError' });
    ec2.on(CreateFleetCommand).rejects(abort);
    await expect(rehearseFleet(aws, fleetRequest())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
