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
import { loadSpec } from '../../src/cli/spec-file';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { SIMULATOR_CREDENTIALS } from '../../src/worker';
import { startLab, uniqueId, type Lab, type Ledger } from '../support/lab';
import { expectNoTrace, failureOf, ofExperiment, reaches, resultOf, statusOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';

const REGION = 'us-west-2';
const PARTS = ['vpc', 'subnet', 'internet-gateway', 'route-table'];
const MAKING =
  /^(Create(Vpc|Subnet|InternetGateway|RouteTable|Route)|AttachInternetGateway|AssociateRouteTable|ModifySubnetAttribute)$/;

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
    const { spec } = await loadSpec(['examples/own-network.yaml'], []);
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
});
