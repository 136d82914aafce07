/** Do listings mislead as AWS's do, each reader in its own way and as much as the scenario says? */
import type { ScenarioPatch } from '../../src/simulator/scenario';
import { clockwork, type Clockwork } from './clockwork';

let sim: Clockwork;
afterEach(() => sim.stop());

type Reply = Record<string, unknown>;
const MINE = [{ Key: 'ExperimentID', Value: 'exp-1' }];
const minute: [number, number] = [60_000, 60_000];
const none: [number, number] = [0, 0];

function start(patch: ScenarioPatch): void {
  sim = clockwork({ ...patch, delays: { tagIndexLag: none, volumeReady: none, ...patch.delays } });
}

async function volume(): Promise<string> {
  const { VolumeId } = await sim.call('CreateVolume', {
    AvailabilityZone: 'us-west-2a',
    Size: 1,
    TagSpecifications: [{ ResourceType: 'volume', Tags: MINE }],
  });
  return String(VolumeId);
}

const mine = { Filters: [{ Name: 'tag:ExperimentID', Values: ['exp-1'] }] };
const described = async (input: Reply = mine): Promise<unknown[]> =>
  ((await sim.call('DescribeVolumes', input))['Volumes'] as Reply[]).map(({ VolumeId }) => VolumeId);
const tagged = async (): Promise<unknown[]> =>
  ((await sim.call('DescribeTags', { Filters: [{ Name: 'key', Values: ['ExperimentID'] }] }))['Tags'] as Reply[]).map(
    ({ ResourceId }) => ResourceId,
  );
const indexed = async (): Promise<unknown[]> =>
  (
    (await sim.call('GetResources', { TagFilters: [{ Key: 'ExperimentID' }] }))['ResourceTagMappingList'] as Reply[]
  ).map(({ ResourceARN }) => String(ResourceARN).split('/').at(-1));

it('what was deleted stays in describes and among the tags for a while, and acting on it fails at once', async () => {
  start({ delays: { deleteLag: minute }, listings: { tagGhostSeconds: {} } });
  const id = await volume();
  await sim.call('DeleteVolume', { VolumeId: id });

  expect(await described()).toEqual([id]);
  expect(await described({ VolumeIds: [id] })).toEqual([id]);
  expect(await tagged()).toEqual([id]);
  expect(await indexed()).toEqual([]);
  expect(await sim.refused('DeleteVolume', { VolumeId: id })).toBe('InvalidVolume.NotFound');
  sim.pass(61);
  expect(await described()).toEqual([]);
  expect(await sim.refused('DescribeVolumes', { VolumeIds: [id] })).toBe('InvalidVolume.NotFound');
  expect(await tagged()).toEqual([]);
});

it('the tag index keeps what is gone as long as it is told to, type by type', async () => {
  start({ listings: { tagGhostSeconds: { volume: 3600, '*': 60 } } });
  const id = await volume();
  await sim.call('DeleteVolume', { VolumeId: id });
  const { GroupId } = await sim.call('CreateSecurityGroup', {
    GroupName: 'g',
    Description: 'g',
    TagSpecifications: [{ ResourceType: 'security-group', Tags: MINE }],
  });
  await sim.call('DeleteSecurityGroup', { GroupId });

  expect(await indexed()).toEqual([id, GroupId]);
  expect(await tagged()).toEqual([]);
  sim.pass(61);
  expect(await indexed()).toEqual([id]);
  sim.pass(3600);
  expect(await indexed()).toEqual([]);
});

it('each reader learns of tags in its own time, and shows the former ones until then', async () => {
  start({ delays: { describeTagsLag: minute, tagIndexLag: [120_000, 120_000] } });
  const id = await volume();

  expect([await described(), await tagged(), await indexed()]).toEqual([[id], [], []]);
  sim.pass(61);
  expect([await tagged(), await indexed()]).toEqual([[id], []]);
  sim.pass(60);
  expect(await indexed()).toEqual([id]);
  await sim.call('DeleteTags', { Resources: [id], Tags: [{ Key: 'ExperimentID' }] });
  expect([await described(), await tagged(), await indexed()]).toEqual([[], [id], [id]]);
  sim.pass(61);
  expect([await tagged(), await indexed()]).toEqual([[], [id]]);
  sim.pass(60);
  expect(await indexed()).toEqual([]);
});

it('pages come short or empty and still lead to everything once', async () => {
  start({ listings: { shortPages: { ec2: 0.5, tagging: 0.5 }, emptyPages: { ec2: 0.5, tagging: 0.5 } } });
  const ids = [];
  for (let count = 0; count < 40; count += 1) ids.push(await volume());
  const all = async (operation: string, input: Reply, list: string, token: string): Promise<Reply[][]> => {
    const pages: Reply[][] = [];
    let next: Reply = {};
    do {
      const page = await sim.call(operation, { ...input, ...next });
      pages.push(page[list] as Reply[]);
      next = page[token] === undefined || page[token] === '' ? {} : { NextToken: page[token], [token]: page[token] };
    } while (Object.keys(next).length > 0);
    return pages;
  };

  const volumes = await all('DescribeVolumes', { ...mine, MaxResults: 10 }, 'Volumes', 'NextToken');
  const arns = await all(
    'GetResources',
    { TagFilters: [{ Key: 'ExperimentID' }], ResourcesPerPage: 10 },
    'ResourceTagMappingList',
    'PaginationToken',
  );

  expect(volumes.flat().map(({ VolumeId }) => VolumeId)).toEqual(ids);
  expect(arns.flat()).toHaveLength(40);
  for (const pages of [volumes, arns]) {
    expect(pages.some((one) => one.length === 0)).toBe(true);
    expect(pages.slice(0, -1).some((one) => one.length > 0 && one.length < 10)).toBe(true);
  }
  expect(await described({ VolumeIds: ids })).toEqual(ids);
});

it('a test can put into the tag index what the simulator does not play, and take it out', async () => {
  start({});
  const arn = 'arn:aws:ec2:us-west-2:123456789012:network-acl/acl-0123456789abcdef0';
  const balancer = 'arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/x/50dc6c495c0c9188';
  for (const one of [arn, balancer]) sim.control('foreign', { arn: one, tags: { ExperimentID: 'exp-1' } });

  const { ResourceTagMappingList } = await sim.call('GetResources', { TagFilters: [{ Key: 'ExperimentID' }] });
  expect((ResourceTagMappingList as Reply[]).map(({ ResourceARN }) => ResourceARN)).toEqual([arn, balancer]);
  const { Tags } = await sim.call('DescribeTags', {});
  expect(Tags).toEqual([
    { ResourceId: 'acl-0123456789abcdef0', ResourceType: 'network-acl', Key: 'ExperimentID', Value: 'exp-1' },
  ]);
  expect(sim.ledger().resources).toEqual([]);
  sim.control('foreign', { arn, gone: true });
  expect(await tagged()).toEqual([]);
  expect(sim.refusal('foreign', { arn: 'x' })).toMatch(/^400 foreign: arn must be an ARN/);
  expect(sim.refusal('foreign', { arn, gone: true })).toMatch(/^404/);
});
