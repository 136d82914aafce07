/** Which permissions does Holdfast need? Every operation that src/aws calls, and the IAM policy that follows from it. */
import { MANAGED_BY, TAG } from '../contracts/names';

/**
 * What an operation does, which decides its condition in the policy: `destroy` and `change` need our tag on the
 * resource, `connect` on the parts of the network, `attach` on the volume and the node, `copy` on the volume that is
 * copied, `tag` a creation of ours or our tag, `run` our tag on the node.
 */
type Effect = 'read' | 'create' | 'tag' | 'change' | 'connect' | 'attach' | 'copy' | 'cancel' | 'destroy' | 'run';

interface Group {
  /** The IAM prefix; the tagging API's is `tag`. */
  service: 'ec2' | 'ssm' | 'tag' | 'sts';
  effect: Effect;
  /** Cleanup calls them too: a role that may do nothing else is able to clean up. */
  cleanup?: true;
  /** Names without a space: `DescribeVpcs`; each is the SDK's command without `Command`. */
  names: string;
}

const GROUPS: Group[] = [
  {
    service: 'ec2',
    effect: 'read',
    names: 'DescribeInstanceStatus DescribeInstanceTypeOfferings DescribeInstanceTypes DescribeSpotPriceHistory',
  },
  {
    service: 'ec2',
    effect: 'read',
    cleanup: true,
    names:
      'DescribeAddresses DescribeFleets DescribeImages DescribeInstances DescribeInternetGateways DescribeKeyPairs ' +
      'DescribeLaunchTemplates DescribeNatGateways DescribeNetworkInterfaces DescribePlacementGroups DescribeRegions ' +
      'DescribeRouteTables DescribeSecurityGroupRules DescribeSecurityGroups DescribeSnapshots ' +
      'DescribeSpotInstanceRequests DescribeSubnets DescribeTags DescribeVolumes DescribeVpcEndpoints DescribeVpcs',
  },
  {
    service: 'ec2',
    effect: 'create',
    names: 'CreateFleet CreateLaunchTemplate CreateSecurityGroup CreateVolume RunInstances',
  },
  { service: 'ec2', effect: 'create', names: 'CreateInternetGateway CreateRouteTable CreateSubnet CreateVpc' },
  {
    service: 'ec2',
    effect: 'connect',
    names: 'AssociateRouteTable AttachInternetGateway CreateRoute ModifySubnetAttribute',
  },
  { service: 'ec2', effect: 'tag', names: 'CreateTags' },
  { service: 'ec2', effect: 'change', names: 'AuthorizeSecurityGroupIngress' },
  {
    service: 'ec2',
    effect: 'change',
    cleanup: true,
    names: 'RevokeSecurityGroupEgress RevokeSecurityGroupIngress',
  },
  { service: 'ec2', effect: 'attach', names: 'AttachVolume' },
  { service: 'ec2', effect: 'copy', names: 'CreateSnapshot' },
  // Of spot requests only the id is ours: an instant fleet tags none. Cancelling one ends no instance.
  { service: 'ec2', effect: 'cancel', cleanup: true, names: 'CancelSpotInstanceRequests' },
  {
    service: 'ec2',
    effect: 'destroy',
    cleanup: true,
    names:
      'DeleteFleets DeleteInternetGateway DeleteKeyPair DeleteLaunchTemplate DeleteNatGateway DeleteNetworkInterface ' +
      'DeletePlacementGroup DeleteRouteTable DeleteSecurityGroup DeleteSnapshot DeleteSubnet DeleteVolume DeleteVpc ' +
      'DeleteVpcEndpoints DeregisterImage DetachInternetGateway ReleaseAddress TerminateInstances',
  },
  {
    service: 'ssm',
    effect: 'read',
    names: 'DescribeInstanceInformation GetCommandInvocation GetParameter ListCommandInvocations',
  },
  { service: 'ssm', effect: 'read', cleanup: true, names: 'DescribeParameters ListCommands ListTagsForResource' },
  { service: 'ssm', effect: 'run', names: 'SendCommand' },
  // CancelCommand knows no resources to put a condition on.
  { service: 'ssm', effect: 'cancel', cleanup: true, names: 'CancelCommand' },
  { service: 'ssm', effect: 'destroy', cleanup: true, names: 'DeleteParameters' },
  { service: 'tag', effect: 'read', cleanup: true, names: 'GetResources' },
  { service: 'sts', effect: 'read', cleanup: true, names: 'GetCallerIdentity' },
];

export interface Operation {
  name: string;
  /** The IAM action: `ec2:DescribeVpcs`. */
  action: string;
  effect: Effect;
  /** Whether cleanup calls it. */
  cleanup: boolean;
}

export const OPERATIONS: readonly Operation[] = GROUPS.flatMap(({ service, effect, cleanup = false, names }) =>
  names.split(' ').map((name) => ({ name, action: `${service}:${name}`, effect, cleanup })),
);

interface Statement {
  Sid: string;
  Effect: 'Allow';
  Action: string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

export interface Policy {
  Version: '2012-10-17';
  Statement: Statement[];
}

/** On resources that carry our tag; without it every deletion of anything else is refused by AWS itself. */
const OURS = { StringEquals: { [`aws:ResourceTag/${TAG.managedBy}`]: MANAGED_BY } };

const NETWORK_PARTS = ['vpc', 'subnet', 'internet-gateway', 'route-table'];

/** The least that a worker's role needs. `docs/iam-policy.json` is this, and a test compares them. */
export function iamPolicy(): Policy {
  const all = (type: string): string => `arn:aws:ec2:*:*:${type}/*`;
  const creators = OPERATIONS.filter(({ effect }) => effect === 'create' || effect === 'copy').map(({ name }) => name);
  return {
    Version: '2012-10-17',
    Statement: [
      allow('Read', actions('read')),
      allow('Create', actions('create')),
      allow('TagWhatIsCreated', actions('tag'), '*', { StringEquals: { 'ec2:CreateAction': creators } }),
      allow('TagOwn', actions('tag'), '*', OURS),
      allow('ChangeOwnGroups', actions('change'), all('security-group'), OURS),
      allow('ChangeRulesOfOwnGroups', actions('change'), all('security-group-rule')),
      allow('ConnectOwnNetworks', actions('connect'), NETWORK_PARTS.map(all), OURS),
      allow('AttachOwnVolumesToOwnNodes', actions('attach'), [all('volume'), all('instance')], OURS),
      allow('CopyOwnVolumes', actions('copy'), all('volume'), OURS),
      // A snapshot belongs to no account in its name, and is tagged as it is made.
      allow('CopyIntoSnapshots', actions('copy'), 'arn:aws:ec2:*::snapshot/*'),
      allow('DestroyOwn', actions('destroy'), '*', OURS),
      allow('Cancel', actions('cancel')),
      allow('RunOnOwnNodes', actions('run'), all('instance'), {
        StringEquals: { [`ssm:resourceTag/${TAG.managedBy}`]: MANAGED_BY },
      }),
      allow('RunShellScripts', actions('run'), 'arn:aws:ssm:*:*:document/AWS-RunShellScript'),
      ...ROLES,
    ],
  };
}

/** The least that a role needs to plan, clean up and prove, and nothing else: `docs/iam-policy-cleanup.json`. */
export function cleanupPolicy(): Policy {
  const called = new Set(OPERATIONS.filter(({ cleanup }) => cleanup).map(({ action }) => action));
  const statements = iamPolicy().Statement.map((one) => ({
    ...one,
    Action: one.Action.filter((name) => called.has(name)),
  }));
  return { Version: '2012-10-17', Statement: statements.filter(({ Action }) => Action.length > 0) };
}

/** What launches need of IAM, though nothing here calls it: the nodes' role, and the services' roles made on first use. */
const ROLES: Statement[] = [
  allow('GiveNodesTheirRole', ['iam:PassRole'], '*', { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } }),
  allow('FirstSpotAndFleetUse', ['iam:CreateServiceLinkedRole'], '*', {
    StringEquals: { 'iam:AWSServiceName': ['spot.amazonaws.com', 'ec2fleet.amazonaws.com'] },
  }),
];

function actions(effect: Effect): string[] {
  return OPERATIONS.filter((operation) => operation.effect === effect)
    .map(({ action }) => action)
    .sort();
}

function allow(
  Sid: string,
  Action: string[],
  Resource: Statement['Resource'] = '*',
  Condition?: Statement['Condition'],
): Statement {
  return { Sid, Effect: 'Allow', Action, Resource, ...(Condition === undefined ? {} : { Condition }) };
}
