/** What does Holdfast assume of every backend below the ports? Plain calls through its own clients. */
import {
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteLaunchTemplateCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeLaunchTemplatesCommand,
  DescribeVpcsCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { toTags } from '../../src/aws/tags';
import { until } from './backend';
import type { Case } from './cases';

export const PLUMBING_CASES: Case[] = [
  {
    says: 'RunInstances with MinCount = MaxCount launches the count with instance tags',
    minimum: true,
    run: async ({ aws, compute, imageId, subnets, tags }) => {
      const { Instances } = await aws.send(
        new RunInstancesCommand({
          MinCount: 2,
          MaxCount: 2,
          ImageId: imageId,
          InstanceType: 't3.micro',
          SubnetId: subnets[0]?.subnetId,
          TagSpecifications: [{ ResourceType: 'instance', Tags: toTags(tags) }],
        }),
      );
      const ids = (Instances ?? []).map((instance) => instance.InstanceId ?? '');
      expect(ids).toHaveLength(2);
      const views = await until('both are readable', async () => {
        const found = await compute.instances(ids);
        return found.length === 2 ? found : undefined;
      });
      for (const view of views) expect(view.tags).toMatchObject(tags);
      await compute.terminate(ids);
    },
  },
  {
    says: 'a VPC, a subnet and a security group are made and deleted in order',
    minimum: true,
    run: async ({ aws, region, experimentId }) => {
      const { Vpc } = await aws.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }));
      const VpcId = Vpc?.VpcId ?? '';
      await until('the VPC is readable', async () => {
        const { Vpcs } = await aws.send(new DescribeVpcsCommand({ VpcIds: [VpcId] }));
        return Vpcs?.length === 1 ? true : undefined;
      });
      const place = { VpcId, CidrBlock: '10.9.1.0/24', AvailabilityZone: `${region}a` };
      const { Subnet } = await aws.send(new CreateSubnetCommand(place));
      const group = { VpcId, GroupName: `plumbing-${experimentId}`, Description: 'contract' };
      const { GroupId } = await aws.send(new CreateSecurityGroupCommand(group));
      await until('the group goes', async () => aws.send(new DeleteSecurityGroupCommand({ GroupId })));
      await until('the subnet goes', async () => aws.send(new DeleteSubnetCommand({ SubnetId: Subnet?.SubnetId })));
      await until('the VPC goes', async () => aws.send(new DeleteVpcCommand({ VpcId })));
      await expect(aws.send(new DescribeVpcsCommand({ VpcIds: [VpcId] }))).rejects.toMatchObject({
        details: { code: 'InvalidVpcID.NotFound' },
      });
    },
  },
  {
    says: 'a launch template is found by tag and deleted by id',
    minimum: true,
    run: async ({ aws, compute, tags, experimentId }) => {
      await compute.ensureTemplate({ name: `plumbing-${experimentId}`, securityGroupIds: [], volumes: [], tags });
      const Filters = [{ Name: 'tag:ExperimentID', Values: [experimentId] }];
      const id = await until('it is found', async () => {
        const { LaunchTemplates } = await aws.send(new DescribeLaunchTemplatesCommand({ Filters, MaxResults: 200 }));
        return LaunchTemplates?.[0]?.LaunchTemplateId;
      });
      await aws.send(new DeleteLaunchTemplateCommand({ LaunchTemplateId: id }));
      await until('it is gone', async () => {
        const { LaunchTemplates } = await aws.send(new DescribeLaunchTemplatesCommand({ Filters, MaxResults: 200 }));
        return LaunchTemplates?.length === 0 ? true : undefined;
      });
    },
  },
];
