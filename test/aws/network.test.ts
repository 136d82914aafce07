import {
  AuthorizeSecurityGroupIngressCommand,
  CreateLaunchTemplateCommand,
  CreateSecurityGroupCommand,
  DescribeLaunchTemplatesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import { ensureSecurityGroup, subnets } from '../../src/aws/network';
import { toTags } from '../../src/aws/tags';
import { ensureTemplate, templateData } from '../../src/aws/templates';
import { awsError, mockedRegion, TAGS } from './support';

const ec2 = mockClient(EC2Client);
const aws = mockedRegion();
beforeEach(() => {
  ec2.reset();
  // What was just made shows at once, unless a test says otherwise.
  ec2.on(DescribeSecurityGroupsCommand).resolves({ SecurityGroups: [{ GroupId: 'sg-1' }] });
  ec2.on(DescribeLaunchTemplatesCommand).resolves({ LaunchTemplates: [{ LaunchTemplateId: 'lt-1' }] });
});

describe('a security group', () => {
  const ssh = { protocol: 'tcp' as const, fromPort: 22, toPort: 22, cidr: '10.0.0.0/8' };
  const all = { protocol: '-1' as const, fromPort: -1, toPort: -1, cidr: '10.1.0.0/16' };
  const request = { name: 'holdfast-exp-1', vpcId: 'vpc-1', ingress: [ssh, all, ssh], tags: TAGS };
  const taken = (Tags: { Key: string; Value: string }[]): void => {
    ec2.on(CreateSecurityGroupCommand).rejects(awsError('InvalidGroup.Duplicate'));
    ec2
      .on(DescribeSecurityGroupsCommand)
      .resolves({ SecurityGroups: [{ GroupId: 'sg-1', GroupName: request.name, Tags }] });
  };
  const rules = (): (string | undefined)[][] =>
    ec2
      .commandCalls(AuthorizeSecurityGroupIngressCommand)
      .map((call) => (call.args[0].input.IpPermissions ?? []).map((rule) => rule.IpProtocol));

  it('is made with its tags, and gets each rule once', async () => {
    ec2.on(CreateSecurityGroupCommand).resolves({ GroupId: 'sg-1' });
    ec2.on(AuthorizeSecurityGroupIngressCommand).resolves({});
    expect(await ensureSecurityGroup(aws, request)).toBe('sg-1');
    expect(ec2.commandCalls(AuthorizeSecurityGroupIngressCommand)[0]?.args[0].input).toEqual({
      GroupId: 'sg-1',
      IpPermissions: [
        { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: 'sg-1' }] },
        { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '10.0.0.0/8' }] },
        { IpProtocol: '-1', IpRanges: [{ CidrIp: '10.1.0.0/16' }] },
      ],
    });
  });

  it('of ours is completed when an earlier attempt stopped between making it and its rules', async () => {
    taken(toTags(TAGS));
    ec2
      .on(AuthorizeSecurityGroupIngressCommand)
      .rejectsOnce(awsError('InvalidPermission.Duplicate'))
      .rejectsOnce(awsError('InvalidPermission.Duplicate'))
      .resolves({});
    expect(await ensureSecurityGroup(aws, request)).toBe('sg-1');
    expect(rules()).toEqual([['-1', 'tcp', '-1'], ['-1'], ['tcp'], ['-1']]);
  });

  it.each([
    ['another experiment', { ...TAGS, ExperimentID: 'exp-10' }],
    ['another manager', { ...TAGS, ManagedBy: 'terraform' }],
    ['nobody', {}],
  ])('of %s is NotOurs and gets no rule', async (_, tags) => {
    taken(toTags(tags));
    await expect(ensureSecurityGroup(aws, request)).rejects.toMatchObject({ type: 'NotOurs', details: { id: 'sg-1' } });
    expect(rules()).toEqual([]);
  });

  it('whose name is taken but not readable is NotYetVisible', async () => {
    taken([]);
    ec2.on(DescribeSecurityGroupsCommand).resolves({ SecurityGroups: [] });
    await expect(ensureSecurityGroup(aws, request)).rejects.toMatchObject({ type: 'NotYetVisible' });
  });

  it('that EC2 does not know yet when its rules come is NotYetVisible', async () => {
    ec2.on(CreateSecurityGroupCommand).resolves({ GroupId: 'sg-1' });
    ec2.on(AuthorizeSecurityGroupIngressCommand).rejects(awsError('InvalidGroup.NotFound'));
    await expect(ensureSecurityGroup(aws, request)).rejects.toMatchObject({ type: 'NotYetVisible' });
  });
});

describe('subnets', () => {
  it('that are not available are left out', async () => {
    const subnet = { VpcId: 'vpc-1', AvailabilityZone: 'us-west-2a', AvailableIpAddressCount: 7 };
    ec2.on(DescribeSubnetsCommand).resolves({
      Subnets: [
        { ...subnet, SubnetId: 'subnet-1', State: 'available' },
        { ...subnet, SubnetId: 'subnet-2', State: 'pending' },
      ],
    });
    expect(await subnets(aws, undefined)).toEqual([
      { subnetId: 'subnet-1', vpcId: 'vpc-1', zone: 'us-west-2a', freeAddresses: 7 },
    ]);
  });
});

describe('a launch template', () => {
  const request = { name: 'holdfast-exp-1', securityGroupIds: ['sg-1'], volumes: [], tags: TAGS };

  it('takes a profile by name or by ARN', () => {
    const profile = (instanceProfile: string): unknown =>
      templateData({ ...request, instanceProfile }).IamInstanceProfile;
    expect(profile('node-role')).toEqual({ Name: 'node-role' });
    expect(profile('arn:aws:iam::1:instance-profile/p')).toEqual({ Arn: 'arn:aws:iam::1:instance-profile/p' });
  });

  it('holds what nodes share and nothing of a pool, and never tags a spot request', async () => {
    ec2.on(CreateLaunchTemplateCommand).resolves({});
    await ensureTemplate(aws, { ...request, keyName: 'key', userData: 'grüße' });
    const input = ec2.commandCalls(CreateLaunchTemplateCommand)[0]?.args[0].input;
    expect(input?.LaunchTemplateData).toEqual({
      SecurityGroupIds: ['sg-1'],
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2, HttpEndpoint: 'enabled' },
      InstanceInitiatedShutdownBehavior: 'terminate',
      BlockDeviceMappings: [],
      KeyName: 'key',
      UserData: Buffer.from('grüße').toString('base64'),
    });
    expect(input?.TagSpecifications?.map((one) => one.ResourceType)).toEqual(['launch-template']);
  });

  const taken = 'InvalidLaunchTemplateName.AlreadyExistsException';
  it.each([
    ['is kept when it is ours', [{ Tags: toTags(TAGS) }], undefined],
    ["is NotOurs when it is another's", [{ Tags: [] }], 'NotOurs'],
    ['is NotYetVisible when it cannot be read', [], 'NotYetVisible'],
  ])('of a taken name %s', async (_, LaunchTemplates, type) => {
    ec2.on(CreateLaunchTemplateCommand).rejects(awsError(taken));
    ec2.on(DescribeLaunchTemplatesCommand).resolves({ LaunchTemplates });
    const made = ensureTemplate(aws, request);
    if (type === undefined) await made;
    else await expect(made).rejects.toMatchObject({ type });
  });

  it('that AWS refuses for another reason is thrown', async () => {
    ec2.on(CreateLaunchTemplateCommand).rejects(awsError('InvalidParameterValue'));
    await expect(ensureTemplate(aws, request)).rejects.toMatchObject({ type: 'InvalidRequest' });
  });
});
