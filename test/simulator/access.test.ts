/** Is what a caller may not see refused as AWS refuses it: regions that are off, operations denied, tokens too old? */
import { DescribeRegionsCommand, DescribeVolumesCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateVolumeCommand } from '@aws-sdk/client-ec2';
import { GetResourcesCommand, ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { openLab, refusal, type Lab } from './nodes-support';

let lab: Lab;
afterEach(() => lab.close());

const REGIONS = {
  'us-west-2': { zones: ['us-west-2a'] },
  'af-south-1': { zones: ['af-south-1a'], notOptedIn: true },
};

function clientsIn(region: string): { ec2: EC2Client; tagging: ResourceGroupsTaggingAPIClient } {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const config = { region, endpoint: lab.url, credentials, maxAttempts: 1 };
  return { ec2: new EC2Client(config), tagging: new ResourceGroupsTaggingAPIClient(config) };
}

it('a region that the account has not enabled is listed only when all are asked for, and refuses every call', async () => {
  lab = await openLab({ regions: REGIONS });
  const regions = async (input: { AllRegions?: boolean }) =>
    (await lab.ec2.send(new DescribeRegionsCommand(input))).Regions?.map(({ RegionName, OptInStatus }) => [
      RegionName,
      OptInStatus,
    ]);

  expect(await regions({})).toEqual([['us-west-2', 'opt-in-not-required']]);
  expect(await regions({ AllRegions: true })).toEqual([
    ['us-west-2', 'opt-in-not-required'],
    ['af-south-1', 'not-opted-in'],
  ]);
  const { ec2, tagging } = clientsIn('af-south-1');
  expect(await refusal(ec2.send(new DescribeVpcsCommand({})))).toBe('AuthFailure');
  expect(await refusal(tagging.send(new GetResourcesCommand({})))).toBe('UnrecognizedClientException');
});

it('one operation, or one region, can be denied while all else is allowed', async () => {
  lab = await openLab({
    faults: [
      { operation: 'DescribeVolumes', effect: { error: 'UnauthorizedOperation' } },
      { service: 'tagging', operation: '*', region: 'eu-west-1', effect: { error: 'AccessDeniedException' } },
    ],
  });
  const { ec2, tagging } = clientsIn('eu-west-1');

  expect(await refusal(lab.ec2.send(new DescribeVolumesCommand({})))).toBe('UnauthorizedOperation');
  expect(await refusal(tagging.send(new GetResourcesCommand({})))).toBe('AccessDeniedException');
  expect((await ec2.send(new DescribeVpcsCommand({}))).Vpcs).toHaveLength(1);
  expect((await lab.tagging.send(new GetResourcesCommand({}))).ResourceTagMappingList).toEqual([]);
});

it('tokens are refused as too old by a fault, by their age, and a first page never', async () => {
  lab = await openLab({ delays: { tagIndexLag: [0, 0] }, listings: { shortPages: { ec2: 0, tagging: 0 } } });
  for (let count = 0; count < 12; count += 1) {
    await lab.ec2.send(
      new CreateVolumeCommand({
        AvailabilityZone: 'us-west-2a',
        Size: 1,
        TagSpecifications: [{ ResourceType: 'volume', Tags: [{ Key: 'a', Value: 'b' }] }],
      }),
    );
  }
  await lab.control('faults', [{ operation: '*', effect: { expireTokens: true } }]);
  const volumes = (NextToken?: string) =>
    lab.ec2.send(new DescribeVolumesCommand({ MaxResults: 5, ...(NextToken ? { NextToken } : {}) }));
  const tagged = (PaginationToken?: string) =>
    lab.tagging.send(new GetResourcesCommand({ ResourcesPerPage: 5, ...(PaginationToken ? { PaginationToken } : {}) }));
  const [{ NextToken }, { PaginationToken }] = [await volumes(), await tagged()];

  expect(await refusal(volumes(NextToken))).toBe('InvalidNextToken');
  expect(await refusal(tagged(PaginationToken))).toBe('PaginationTokenExpiredException');
  await lab.control('faults', []);
  expect((await volumes(NextToken)).Volumes).toHaveLength(5);
  expect((await tagged(PaginationToken)).ResourceTagMappingList).toHaveLength(5);
});
