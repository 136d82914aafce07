/** Is the simulated tagging API the unreliable candidate source that the real one is, within its documented limits? */
import { CreateSecurityGroupCommand, DescribeTagsCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import {
  GetResourcesCommand,
  TagResourcesCommand,
  UntagResourcesCommand,
} from '@aws-sdk/client-resource-groups-tagging-api';
import type { GetResourcesCommandInput } from '@aws-sdk/client-resource-groups-tagging-api';
import { eventually, openLab, refusal, type Lab } from './nodes-support';

let lab: Lab;
afterEach(() => lab.close());

const get = (input: GetResourcesCommandInput = {}) => lab.tagging.send(new GetResourcesCommand(input));
const idOf = (arn = '') => arn.slice(arn.indexOf('/') + 1);

async function idsOf(input: GetResourcesCommandInput): Promise<{ ids: string[]; sizes: number[] }> {
  const ids: string[] = [];
  const sizes: number[] = [];
  let token: string | undefined;
  do {
    const page = await get({ ...input, ...(token === undefined ? {} : { PaginationToken: token }) });
    const found = (page.ResourceTagMappingList ?? []).map(({ ResourceARN }) => idOf(ResourceARN));
    ids.push(...found);
    sizes.push(found.length);
    token = page.PaginationToken;
  } while (token !== '');
  return { ids, sizes };
}

const tagged = (Key: string, ...Values: string[]): GetResourcesCommandInput => ({ TagFilters: [{ Key, Values }] });
const arnOf = (id: string) => `arn:aws:ec2:us-west-2:123456789012:instance/${id}`;

describe('GetResources', () => {
  it('sees a resource only after the index has caught up', async () => {
    lab = await openLab({ delays: { tagIndexLag: [400, 400] } });
    const [id] = await lab.launch({ tags: { ExperimentID: 'one' } });

    expect((await idsOf(tagged('ExperimentID', 'one'))).ids).toEqual([]);
    await eventually(async () => expect((await idsOf(tagged('ExperimentID', 'one'))).ids).toEqual([id]));
  });

  it('ANDs keys, ORs values and compares exactly: no case folding, no prefix, no wildcard', async () => {
    lab = await openLab({ delays: { tagIndexLag: [0, 0] } });
    const launch = async (value: string, more = {}) =>
      (await lab.launch({ tags: { ExperimentID: value, ...more } }))[0] ?? '';
    const plain = await launch('exp-1', { Component: 'a' });
    const longer = await launch('exp-10', { Component: 'a' });
    await launch('EXP-1');
    const star = await launch('exp-*');

    expect((await idsOf(tagged('ExperimentID', 'exp-1'))).ids).toEqual([plain]);
    expect((await idsOf(tagged('ExperimentID', 'exp-*'))).ids).toEqual([star]);
    expect((await idsOf(tagged('ExperimentID', 'exp-1', 'exp-10'))).ids).toEqual([plain, longer]);
    expect((await idsOf(tagged('Component'))).ids).toEqual([plain, longer]);
    const both = {
      TagFilters: [
        { Key: 'ExperimentID', Values: ['exp-1'] },
        { Key: 'Component', Values: ['b'] },
      ],
    };
    expect((await idsOf(both)).ids).toEqual([]);
  });

  it('pages by resources; short pages are not the end, only an empty token is', async () => {
    lab = await openLab({ delays: { tagIndexLag: [0, 0] } });
    const ids = await lab.launch({ count: 40, tags: { ExperimentID: 'many' } });

    const { ids: found, sizes } = await idsOf({ ...tagged('ExperimentID', 'many'), ResourcesPerPage: 4 });

    expect(found).toEqual(ids);
    expect(sizes.slice(0, -1).some((size) => size < 4)).toBe(true);
  });

  it('filters by type and by ARN, unknown ARNs being absent', async () => {
    lab = await openLab({ delays: { tagIndexLag: [0, 0] } });
    const [id = ''] = await lab.launch({ tags: { ExperimentID: 'one' } });
    const Tags = [{ Key: 'ExperimentID', Value: 'one' }];
    const { GroupId = '' } = await lab.ec2.send(
      new CreateSecurityGroupCommand({
        GroupName: 'g',
        Description: 'g',
        TagSpecifications: [{ ResourceType: 'security-group', Tags }],
      }),
    );

    expect((await idsOf(tagged('ExperimentID', 'one'))).ids.sort()).toEqual([id, GroupId].sort());
    const types = { ...tagged('ExperimentID', 'one'), ResourceTypeFilters: ['ec2:security-group'] };
    expect((await idsOf(types)).ids).toEqual([GroupId]);
    const byArn = await get({ ResourceARNList: [arnOf(id), arnOf('i-00000000000000000')] });
    expect(byArn.ResourceTagMappingList?.map(({ ResourceARN }) => ResourceARN)).toEqual([arnOf(id)]);
  });

  it('still returns a terminated instance: a ghost', async () => {
    lab = await openLab({ delays: { tagIndexLag: [0, 0] } });
    const [id = ''] = await lab.launch({ tags: { ExperimentID: 'one' } });
    await lab.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    await eventually(async () => {
      expect((await lab.ledger()).resources.find((one) => one.id === id)?.state).toBe('terminated');
    });

    expect((await idsOf(tagged('ExperimentID', 'one'))).ids).toEqual([id]);
  });

  it('never shows what has no tags', async () => {
    lab = await openLab({ delays: { tagIndexLag: [0, 0] } });
    await lab.ec2.send(new CreateSecurityGroupCommand({ GroupName: 'bare', Description: 'no tags' }));

    expect((await idsOf({})).ids).toEqual([]);
  });

  it('refuses what is outside its limits', async () => {
    lab = await openLab();
    const filters = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ Key: `k${String(i)}`, Values: ['v'] }));
    const values = Array.from({ length: 21 }, (_, i) => String(i));
    const bad: GetResourcesCommandInput[] = [
      { TagFilters: filters(51) },
      tagged('k', ...values),
      { ResourcesPerPage: 0 },
      { ResourcesPerPage: 101 },
      { TagsPerPage: 150 },
      { PaginationToken: 'made up' },
      { ResourceTypeFilters: ['not a type'] },
      { ResourceARNList: [arnOf('i-1')], ...tagged('k', 'v') },
      { ResourceARNList: [arnOf('i-1')], ResourcesPerPage: 10 },
    ];
    for (const input of bad) expect([input, await refusal(get(input))]).toEqual([input, 'InvalidParameterException']);
    const stale = Buffer.from(JSON.stringify({ after: 1, until: Date.now() - 1 })).toString('base64');
    expect(await refusal(get({ PaginationToken: stale }))).toBe('PaginationTokenExpiredException');
  });
});

describe('TagResources and UntagResources', () => {
  it('write the same tags that EC2 shows, and say per ARN what failed', async () => {
    lab = await openLab({ delays: { tagIndexLag: [0, 0] } });
    const [id = ''] = await lab.launch();
    const absent = arnOf('i-00000000000000000');

    const done = await lab.tagging.send(
      new TagResourcesCommand({ ResourceARNList: [arnOf(id), absent], Tags: { Slot: 'a-0' } }),
    );

    expect(Object.keys(done.FailedResourcesMap ?? {})).toEqual([absent]);
    expect(done.FailedResourcesMap?.[absent]).toMatchObject({
      StatusCode: 400,
      ErrorCode: 'InvalidParameterException',
    });
    const filter = {
      Filters: [
        { Name: 'resource-id', Values: [id] },
        { Name: 'key', Values: ['Slot'] },
      ],
    };
    expect((await lab.ec2.send(new DescribeTagsCommand(filter))).Tags).toMatchObject([{ Key: 'Slot', Value: 'a-0' }]);
    const untag = new UntagResourcesCommand({ ResourceARNList: [arnOf(id)], TagKeys: ['Slot', 'never there'] });
    expect((await lab.tagging.send(untag)).FailedResourcesMap).toEqual({});
    expect((await lab.ec2.send(new DescribeTagsCommand(filter))).Tags ?? []).toEqual([]);
  });

  it('refuse more than 20 ARNs, reserved keys and long values', async () => {
    lab = await openLab();
    const [id = ''] = await lab.launch();
    const arns = Array.from({ length: 21 }, () => arnOf(id));
    const tag = (ResourceARNList: string[], Tags: Record<string, string>) =>
      refusal(lab.tagging.send(new TagResourcesCommand({ ResourceARNList, Tags })));

    expect(await tag(arns, { a: 'b' })).toBe('InvalidParameterException');
    expect(await tag([arnOf(id)], { 'aws:x': 'b' })).toBe('InvalidParameterException');
    expect(await tag([arnOf(id)], { a: 'x'.repeat(257) })).toBe('InvalidParameterException');
    expect(await tag(['not an arn'], { a: 'b' })).toBe('InvalidParameterException');
  });
});
