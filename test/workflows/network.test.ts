/** Does an experiment get the network that its spec wants, one of its own or one that others live in too? */
import {
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  type SecurityGroup,
} from '@aws-sdk/client-ec2';
import { loadSpec } from '../../src/cli/spec-layers';
import { createFolderLibrary } from '../../src/library/folder';
import type { CleanupResult } from '../../src/contracts/messages';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { SIMULATOR_CREDENTIALS } from '../../src/worker';
import type { FailoverResult } from '../../src/workflows/failover-alone';
import type { ProvisionResult } from '../../src/workflows/lifecycles';
import { startLab, uniqueId, type Lab, type Ledger } from '../support/lab';
import { expectNoTrace, failureOf, leftOf, ofExperiment, reaches, resultOf, statusOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';

const REGION = 'us-west-2';
const PARTS = ['vpc', 'subnet', 'internet-gateway', 'route-table'];
/** Every call that makes a network, and the groups in it. */
const MAKING = [
  'CreateVpc',
  'CreateSubnet',
  'CreateInternetGateway',
  'AttachInternetGateway',
  'CreateRouteTable',
  'CreateRoute',
  'AssociateRouteTable',
  'ModifySubnetAttribute',
  'CreateSecurityGroup',
  'AuthorizeSecurityGroupIngress',
];

let lab: Lab;
let ec2: EC2Client;

beforeAll(async () => {
  lab = await startLab();
  ec2 = new EC2Client({ region: REGION, endpoint: lab.simulatorUrl, credentials: SIMULATOR_CREDENTIALS });
});
afterAll(async () => {
  ec2.destroy();
  await lab.close();
});
beforeEach(() => lab.control('reset', {}));
afterEach(() => lab.control('faults', []));

const own = (change: Partial<ExperimentInput> = {}): ExperimentInput =>
  smallSpec({ network: { create: true, cidr: '10.64.0.0/16' }, ...change });

/** The parts of the experiment's networks, as `region type`, ended ones too. */
function partsOf(ledger: Ledger, id: string): string[] {
  const parts = ofExperiment(ledger, id).filter(({ type }) => PARTS.includes(type));
  return parts.map(({ region, type }) => `${region} ${type}`).sort();
}

const network = (region: string, zones: number): string[] =>
  [`internet-gateway`, `route-table`, ...Array.from({ length: zones }, () => 'subnet'), 'vpc'].map(
    (type) => `${region} ${type}`,
  );

function failedDeletes(ledger: Ledger): string[] {
  return ledger.calls
    .filter(
      ({ operation, outcome }) => /^(Delete|Detach|Terminate|Release|Disassociate)/.test(operation) && outcome !== 'ok',
    )
    .map(({ operation, outcome }) => `${operation} ${outcome}`);
}

/** Component by component, which components' groups it lets in. */
function doors(groups: SecurityGroup[]): Record<string, string[]> {
  const nameOf = (id = ''): string =>
    groups.find(({ GroupId }) => GroupId === id)?.Tags?.find(({ Key }) => Key === 'Component')?.Value ?? id;
  return Object.fromEntries(
    groups.map(({ GroupId, IpPermissions = [] }) => [
      nameOf(GroupId),
      IpPermissions.flatMap(({ UserIdGroupPairs = [] }) => UserIdGroupPairs.map((pair) => nameOf(pair.GroupId))).sort(),
    ]),
  );
}

describe('a network of its own', () => {
  it('carries the run of the example, and all of it ends with it, without one refused deletion', async () => {
    const { spec } = await loadSpec({ file: ['examples/own-network.yaml'], set: [] }, createFolderLibrary(lab.results));
    const handle = await lab.start('experiment', { ...spec, steps: [], poll: 0.1, settle: 0.5 });
    const { nodes, timeline } = await reaches(handle, 'Ready');
    const during = await lab.ledger();
    const vpcId = ofExperiment(during, handle.workflowId).find(({ type }) => type === 'vpc')?.id ?? '';
    const InstanceIds = nodes.map(({ instanceId }) => instanceId);
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds }));
    const { SecurityGroups = [] } = await ec2.send(
      new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'tag:ExperimentID', Values: [handle.workflowId] }] }),
    );
    await handle.executeUpdate('release');
    const result = await resultOf(handle);

    expect(partsOf(during, handle.workflowId)).toEqual(network(REGION, 4));
    expect(timeline.map(({ text }) => text)).toContain(`${REGION}: network ${vpcId} 10.64.0.0/16, 4 subnets`);
    const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
    expect(new Set(instances.map(({ VpcId }) => VpcId))).toEqual(new Set([vpcId]));
    expect(instances.every(({ PublicIpAddress }) => PublicIpAddress !== undefined)).toBe(true);
    expect(doors(SecurityGroups)).toEqual({ store: ['client', 'store'], client: ['client'] });
    expect(result).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean', left: [] } });
    await expectNoTrace(lab, handle.workflowId);
    expect(failedDeletes(await lab.ledger())).toEqual([]);
  });

  it('is made in a region only when that one is used, with a subnet for each zone that a component may be in', async () => {
    await lab.control('capacity', { region: REGION, capacity: 0 });
    const app = { count: 2, instanceTypes: ['t3.micro'], zones: [`${REGION}a`, `${REGION}b`] };
    const input = own({ regions: [REGION, 'us-east-1', 'eu-west-1'], components: { app }, steps: [] });
    const handle = await lab.start('experiment', input);
    const { nodes } = await reaches(handle, 'Ready');
    await handle.executeUpdate('release');
    const result = await resultOf(handle);
    const ledger = await lab.ledger();

    expect(new Set(nodes.map(({ region }) => region))).toEqual(new Set(['us-east-1']));
    const zones = partsOf(ledger, handle.workflowId).filter((part) => part === 'us-east-1 subnet').length;
    expect(zones).toBeGreaterThan(2);
    expect(partsOf(ledger, handle.workflowId)).toEqual([...network('us-east-1', zones), ...network(REGION, 2)]);
    expect(result.certificate.verdict).toBe('clean');
    await expectNoTrace(lab, handle.workflowId);
  });

  it('is made once, whichever replies are lost', async () => {
    const faults = MAKING.map((operation) => ({
      operation,
      // Of gateways the first is a rehearsal.
      nth: operation === 'CreateInternetGateway' ? 2 : 1,
      effect: { loseReply: true },
    }));
    await lab.control('faults', faults);
    const handle = await lab.start('experiment', own({ steps: [] }));
    await reaches(handle, 'Ready');
    const during = await lab.ledger();
    await handle.executeUpdate('release');
    const result = await resultOf(handle);

    const struck = during.calls.filter(({ outcome }) => outcome === 'reply-lost').map(({ operation }) => operation);
    expect(struck.sort()).toEqual([...MAKING].sort());
    expect(partsOf(during, handle.workflowId)).toEqual(network(REGION, 4));
    expect(ofExperiment(during, handle.workflowId).filter(({ type }) => type === 'security-group')).toHaveLength(2);
    expect(result.certificate.verdict).toBe('clean');
    await expectNoTrace(lab, handle.workflowId);
  });

  it('is found again by a failover that starts alone, and the successor lives in it', async () => {
    const spec = own({ components: { app: { count: 2, instanceTypes: ['t3.micro', 't3a.micro'] } }, steps: [] });
    const experimentId = uniqueId('owned');
    const before = (await (await lab.start('provision', spec, experimentId)).result()) as ProvisionResult;
    const failover = await lab.start('failover', { experimentId, spec, lost: ['app-0'] });
    const { nodes } = (await failover.result()) as FailoverResult;
    const InstanceIds = nodes.map(({ instanceId }) => instanceId);
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds }));
    const during = await lab.ledger();
    const cleanup = { experimentId, regions: [REGION], settleSeconds: '300ms' };
    const { verdict } = (await (await lab.start('cleanup', cleanup)).result()) as CleanupResult;

    expect(InstanceIds).not.toContain(before.nodes.find(({ slot }) => slot === 'app-0')?.instanceId);
    expect(partsOf(during, experimentId)).toEqual(network(REGION, 4));
    const vpcs = Reservations.flatMap(({ Instances = [] }) => Instances.map(({ VpcId }) => VpcId));
    const vpcId = ofExperiment(during, experimentId).find(({ type }) => type === 'vpc')?.id;
    expect(vpcs).toEqual([vpcId, vpcId]);
    expect(verdict).toBe('clean');
    await expectNoTrace(lab, experimentId);
  });

  it('that a region has no room for is made in the next, and why is said', async () => {
    const effect = { error: 'VpcLimitExceeded', message: 'The maximum number of VPCs has been reached.' };
    await lab.control('faults', [{ operation: 'CreateVpc', region: REGION, effect }]);
    const handle = await lab.start('experiment', own({ regions: [REGION, 'us-east-1'], steps: [] }));
    const { nodes, timeline } = await reaches(handle, 'Ready');
    await handle.executeUpdate('release');
    await resultOf(handle);

    expect(new Set(nodes.map(({ region }) => region))).toEqual(new Set(['us-east-1']));
    expect(timeline.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^us-west-2: no room for a network of its own: .*VpcLimitExceeded: The maximum/),
    );
    await expectNoTrace(lab, handle.workflowId);
  });
});

describe('a network that others live in', () => {
  const Tags = [{ Key: 'Owner', Value: 'ada' }];

  /** A VPC with two subnets that nobody of Holdfast made. */
  async function sharedNetwork(): Promise<{ vpcId: string; subnetIds: string[] }> {
    const { Vpc } = await ec2.send(
      new CreateVpcCommand({ CidrBlock: '10.1.0.0/16', TagSpecifications: [{ ResourceType: 'vpc', Tags }] }),
    );
    const vpcId = Vpc?.VpcId ?? '';
    const making = ['a', 'b'].map(async (letter, index) => {
      const place = { VpcId: vpcId, AvailabilityZone: `${REGION}${letter}`, CidrBlock: `10.1.${String(index)}.0/24` };
      const TagSpecifications = [{ ResourceType: 'subnet' as const, Tags }];
      const { Subnet } = await ec2.send(new CreateSubnetCommand({ ...place, TagSpecifications }));
      return Subnet?.SubnetId ?? '';
    });
    return { vpcId, subnetIds: await Promise.all(making) };
  }

  it('outlives two experiments, of which the end of one leaves the other alone', async () => {
    const { vpcId, subnetIds } = await sharedNetwork();
    const input = smallSpec({ network: { vpcId, subnetIds }, steps: [] });
    const [one, two] = await Promise.all([lab.start('experiment', input), lab.start('experiment', input)]);
    const [, before] = await Promise.all([reaches(one, 'Ready'), reaches(two, 'Ready')]);

    await one.executeUpdate('release');
    const first = await resultOf(one);
    const { phase, nodes, interruptions } = await statusOf(two);
    const between = await lab.ledger();
    await two.executeUpdate('release');
    const second = await resultOf(two);

    expect([first.certificate, second.certificate]).toMatchObject([{ verdict: 'clean' }, { verdict: 'clean' }]);
    expect({ phase, nodes, interruptions }).toEqual({ phase: 'Ready', nodes: before.nodes, interruptions: [] });
    const living = ofExperiment(between, two.workflowId).filter(({ endedAt }) => endedAt === undefined);
    expect(living.map(({ type }) => type)).toContain('security-group');
    const ledger = await lab.ledger();
    const kept = ledger.resources.filter(({ id }) => [vpcId, ...subnetIds].includes(id));
    expect(kept.map(({ tags, endedAt }) => ({ tags, endedAt }))).toEqual(kept.map(() => ({ tags: { Owner: 'ada' } })));
    expect(kept).toHaveLength(3);
    expect([one, two].flatMap(({ workflowId }) => partsOf(ledger, workflowId))).toEqual([]);
    expect(failedDeletes(ledger)).toEqual([]);
    expect([one, two].flatMap(({ workflowId }) => leftOf(ledger, workflowId))).toEqual([]);
  });

  it('is refused before anything is made when it is not there, with one line per mistake', async () => {
    const { vpcId, subnetIds } = await sharedNetwork();
    const unknown = 'subnet-0123456789abcdef0';
    const named = { vpcId, subnetIds: [...subnetIds, unknown], securityGroupIds: ['sg-0123456789abcdef0'] };
    const { message, type } = await failureOf(await lab.start('experiment', smallSpec({ network: named })));

    expect(type).toBe('InvalidRequest');
    expect(message.split('\n')).toEqual([
      `${REGION}: subnet ${unknown} does not exist here, or is not available`,
      `${REGION}: security group sg-0123456789abcdef0 does not exist here, or is not available`,
    ]);
    const { calls } = await lab.ledger();
    expect(calls.filter(({ operation }) => /^Create(SecurityGroup|LaunchTemplate|Fleet)$/.test(operation))).toEqual([]);
  });

  it('is refused when it is the own one of another experiment, and would end with that', async () => {
    const { vpcId, subnetIds } = await sharedNetwork();
    const owner = uniqueId('owner');
    const ownership = [
      { Key: 'ExperimentID', Value: owner },
      { Key: 'ManagedBy', Value: 'holdfast' },
    ];
    await ec2.send(new CreateTagsCommand({ Resources: [vpcId], Tags: ownership }));

    const { message } = await failureOf(await lab.start('experiment', smallSpec({ network: { subnetIds } })));

    expect(message).toBe(
      `${REGION}: VPC ${vpcId} was made by experiment ${owner} and ends with it; name one that nobody deletes`,
    );
  });
});
