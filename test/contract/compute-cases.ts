/** What must hold of the compute port but for launches? */
import { DescribeLaunchTemplateVersionsCommand, DescribeSecurityGroupsCommand } from '@aws-sdk/client-ec2';
import type { Case } from './cases';

const AMAZON = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64';
const UBUNTU = '/aws/service/canonical/ubuntu/server/24.04/stable/current/{arch}/hvm/ebs-gp3/ami-id';

export const COMPUTE_CASES: Case[] = [
  {
    says: 'identity names the account and the endpoint',
    run: async ({ cloud, backend }) => {
      const identity = await cloud.identity();
      expect(identity.account).toMatch(/^\d{12}$/);
      expect(identity.endpoint).toBe(backend.url);
    },
  },
  {
    says: 'regions hold the region of the experiment',
    run: async ({ cloud, region }) => {
      expect(await cloud.regions()).toContain(region);
    },
  },
  {
    says: 'instance types come with cores, memory, architecture and quota; unknown ones are absent',
    run: async ({ compute }) => {
      const types = await compute.instanceTypes(['t3.micro', 't4g.small', 'zz9.plural']);
      expect([...types].sort((a, b) => a.instanceType.localeCompare(b.instanceType))).toEqual([
        { instanceType: 't3.micro', vcpus: 2, memoryMiB: 1024, architecture: 'x86_64', quotaFamily: 'Standard' },
        { instanceType: 't4g.small', vcpus: 2, memoryMiB: 2048, architecture: 'arm64', quotaFamily: 'Standard' },
      ]);
    },
  },
  {
    says: 'offerings name zones of the region for known types only',
    run: async ({ compute, region }) => {
      const found = await compute.offerings(['t3.micro', 'zz9.plural']);
      expect(found.length).toBeGreaterThanOrEqual(2);
      for (const offer of found) {
        expect(offer.instanceType).toBe('t3.micro');
        expect(offer.zone.startsWith(region)).toBe(true);
      }
    },
  },
  {
    says: 'without ids the default subnets come, one per zone of one VPC; with ids exactly those',
    minimum: true,
    run: async ({ compute }) => {
      const all = await compute.subnets(undefined);
      expect(all.length).toBeGreaterThanOrEqual(3);
      expect(new Set(all.map((one) => one.vpcId)).size).toBe(1);
      expect(new Set(all.map((one) => one.zone)).size).toBe(all.length);
      expect(all.every((one) => one.freeAddresses > 0)).toBe(true);
      const wanted = all.slice(0, 2).map((one) => one.subnetId);
      const given = await compute.subnets(wanted);
      expect(given.map((one) => one.subnetId).sort()).toEqual([...wanted].sort());
    },
  },
  {
    says: 'an image is found through a public parameter and by its id, for its own architecture alone',
    run: async ({ compute }) => {
      const id = await compute.image({ ssmParameter: AMAZON }, 'x86_64');
      expect(id).toMatch(/^ami-/);
      expect(await compute.image({ id: id ?? '' }, 'x86_64')).toBe(id);
      expect(await compute.image({ id: id ?? '' }, 'arm64')).toBeUndefined();
    },
  },
  {
    says: 'a parameter with {arch} leads to another image for each architecture',
    needs: ['canonical-images'],
    run: async ({ compute }) => {
      const intel = await compute.image({ ssmParameter: UBUNTU }, 'x86_64');
      const arm = await compute.image({ ssmParameter: UBUNTU }, 'arm64');
      expect(intel).toMatch(/^ami-/);
      expect(arm).toMatch(/^ami-/);
      expect(arm).not.toBe(intel);
    },
  },
  {
    says: 'an image, parameter, name or tag that nothing has is undefined and no error',
    run: async ({ compute }) => {
      expect(await compute.image({ id: 'ami-0123456789abcdef0' }, 'x86_64')).toBeUndefined();
      expect(await compute.image({ ssmParameter: '/no/such/parameter' }, 'x86_64')).toBeUndefined();
      expect(await compute.image({ namePattern: 'no-such-image-*', owner: 'self' }, 'x86_64')).toBeUndefined();
      expect(await compute.image({ tags: { NoSuchTag: 'x' } }, 'x86_64')).toBeUndefined();
    },
  },
  {
    says: 'spot prices are one positive number per type and zone',
    run: async ({ compute, region }) => {
      const prices = await compute.spotPrices(['t3.micro', 't3.small']);
      expect(prices.length).toBeGreaterThanOrEqual(2);
      expect(new Set(prices.map((one) => `${one.zone} ${one.instanceType}`)).size).toBe(prices.length);
      for (const price of prices) {
        expect(price.usd).toBeGreaterThan(0);
        expect(price.dayUsd).toBeGreaterThan(0);
        expect(price.zone.startsWith(region)).toBe(true);
      }
    },
  },
  {
    says: 'a security group is made once, open inside and closed outside but for the given rules',
    minimum: true,
    run: async ({ compute, aws, subnets, tags, experimentId }) => {
      const request = {
        name: `holdfast-${experimentId}`,
        vpcId: subnets[0]?.vpcId ?? '',
        ingress: [{ protocol: 'tcp' as const, fromPort: 8080, toPort: 8081, cidr: '10.0.0.0/8' }],
        tags,
      };
      const id = await compute.ensureSecurityGroup(request);
      expect(await compute.ensureSecurityGroup(request)).toBe(id);
      const { SecurityGroups } = await aws.send(new DescribeSecurityGroupsCommand({ GroupIds: [id] }));
      const rules = SecurityGroups?.[0]?.IpPermissions ?? [];
      expect(rules).toHaveLength(2);
      expect(rules.find((rule) => rule.IpProtocol === '-1')?.UserIdGroupPairs?.[0]?.GroupId).toBe(id);
      expect(rules.find((rule) => rule.IpProtocol === 'tcp')).toMatchObject({
        FromPort: 8080,
        ToPort: 8081,
        IpRanges: [{ CidrIp: '10.0.0.0/8' }],
      });
    },
  },
  {
    says: 'a security group that somebody else owns is NotOurs',
    minimum: true,
    run: async ({ compute, subnets, tags, experimentId }) => {
      const request = { name: `holdfast-${experimentId}`, vpcId: subnets[0]?.vpcId ?? '', ingress: [], tags };
      await compute.ensureSecurityGroup(request);
      const other = { ...request, tags: { ...tags, ExperimentID: 'another' } };
      await expect(compute.ensureSecurityGroup(other)).rejects.toMatchObject({ type: 'NotOurs' });
    },
  },
  {
    says: 'a launch template is made once, demands IMDSv2 and ends its volumes with the node unless they are kept',
    minimum: true,
    run: async ({ compute, aws, tags, experimentId }) => {
      const volume = { sizeGiB: 50, type: 'gp3', throughputMBps: 125 };
      const request = {
        name: `holdfast-${experimentId}`,
        securityGroupIds: ['sg-0123456789abcdef0'],
        userData: '#!/bin/bash\necho ready\n',
        volumes: [
          { ...volume, device: '/dev/sdf', keep: false },
          { ...volume, device: '/dev/sdg', keep: true },
        ],
        tags,
      };
      await compute.ensureTemplate(request);
      await compute.ensureTemplate(request);
      const versions = { LaunchTemplateName: request.name, Versions: ['$Default'] };
      const { LaunchTemplateVersions } = await aws.send(new DescribeLaunchTemplateVersionsCommand(versions));
      expect(LaunchTemplateVersions).toHaveLength(1);
      const data = LaunchTemplateVersions?.[0]?.LaunchTemplateData;
      expect(data?.MetadataOptions).toMatchObject({ HttpTokens: 'required', HttpPutResponseHopLimit: 2 });
      expect(Buffer.from(data?.UserData ?? '', 'base64').toString()).toBe(request.userData);
      expect(data?.BlockDeviceMappings?.map((entry) => entry.Ebs?.DeleteOnTermination)).toEqual([true, false]);
      expect(data?.BlockDeviceMappings?.[0]?.Ebs).toMatchObject({ VolumeSize: 50, VolumeType: 'gp3', Throughput: 125 });
    },
  },
  {
    says: 'a launch template that somebody else owns is NotOurs',
    minimum: true,
    run: async ({ compute, tags, experimentId }) => {
      const request = { name: `holdfast-${experimentId}`, securityGroupIds: [], volumes: [], tags };
      await compute.ensureTemplate(request);
      const other = { ...request, tags: { ...tags, ExperimentID: 'another' } };
      await expect(compute.ensureTemplate(other)).rejects.toMatchObject({ type: 'NotOurs' });
    },
  },
];
