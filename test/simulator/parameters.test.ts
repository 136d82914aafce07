/** Are the parameters that callers write kept, listed by tag, found by the tag index, and deleted by name? */
import { GetResourcesCommand, TagResourcesCommand } from '@aws-sdk/client-resource-groups-tagging-api';
import {
  AddTagsToResourceCommand,
  DeleteParameterCommand,
  DeleteParametersCommand,
  DescribeParametersCommand,
  GetParameterCommand,
  ListTagsForResourceCommand,
  PutParameterCommand,
  RemoveTagsFromResourceCommand,
} from '@aws-sdk/client-ssm';
import { DescribeTagsCommand } from '@aws-sdk/client-ec2';
import { openLab, refusal, type Lab } from './nodes-support';

let lab: Lab;
beforeEach(async () => (lab = await openLab({ delays: { tagIndexLag: [0, 0] } })));
afterEach(() => lab.close());

const put = (Name: string, value: string, more: Record<string, unknown> = {}) =>
  lab.ssm.send(new PutParameterCommand({ Name, Value: value, Type: 'String', ...more }));
const Tags = [{ Key: 'ExperimentID', Value: 'exp-1' }];

it('a parameter is written once, and again only when told to', async () => {
  await put('/holdfast/a', '1', { Tags });

  expect(await refusal(put('/holdfast/a', '2'))).toBe('ParameterAlreadyExists');
  expect(await refusal(put('/holdfast/a', '2', { Overwrite: true, Tags }))).toBe('ValidationException');
  expect(await refusal(put('/aws/mine', '2'))).toBe('ValidationException');
  expect((await put('/holdfast/a', '2', { Overwrite: true })).Version).toBe(2);
  const { Parameter } = await lab.ssm.send(new GetParameterCommand({ Name: '/holdfast/a' }));
  expect(Parameter).toMatchObject({
    Value: '2',
    Version: 2,
    ARN: 'arn:aws:ssm:us-west-2:123456789012:parameter/holdfast/a',
  });
});

it('is listed by tag, name and page', async () => {
  for (const name of ['/holdfast/a', '/holdfast/b', '/other/c']) await put(name, '1', { Tags });
  await put('/holdfast/d', '1');
  const list = async (filters: { Key: string; Option?: string; Values: string[] }[], MaxResults?: number) => {
    const { Parameters = [], NextToken } = await lab.ssm.send(
      new DescribeParametersCommand({ ParameterFilters: filters, ...(MaxResults ? { MaxResults } : {}) }),
    );
    return { names: Parameters.map(({ Name }) => Name), more: NextToken !== undefined };
  };
  const tag = { Key: 'tag:ExperimentID', Values: ['exp-1'] };

  expect(await list([tag])).toEqual({ names: ['/holdfast/a', '/holdfast/b', '/other/c'], more: false });
  expect(await list([tag, { Key: 'Name', Option: 'BeginsWith', Values: ['/holdfast/'] }])).toEqual({
    names: ['/holdfast/a', '/holdfast/b'],
    more: false,
  });
  expect(await list([tag], 2)).toEqual({ names: ['/holdfast/a', '/holdfast/b'], more: true });
});

it('is in the tagging index by its own ARN, and not among the tags of EC2', async () => {
  await put('plain', '1', { Tags });
  await put('/holdfast/a', '1');
  const arn = 'arn:aws:ssm:us-west-2:123456789012:parameter/holdfast/a';
  await lab.tagging.send(new TagResourcesCommand({ ResourceARNList: [arn], Tags: { ExperimentID: 'exp-1' } }));

  const found = await lab.tagging.send(
    new GetResourcesCommand({ TagFilters: [{ Key: 'ExperimentID' }], ResourceTypeFilters: ['ssm:parameter'] }),
  );
  expect(found.ResourceTagMappingList?.map(({ ResourceARN }) => ResourceARN)).toEqual([
    'arn:aws:ssm:us-west-2:123456789012:parameter/plain',
    arn,
  ]);
  expect((await lab.ec2.send(new DescribeTagsCommand({}))).Tags ?? []).toEqual([]);
});

it('carries tags that SSM itself adds, shows and takes off', async () => {
  await put('plain', '1');
  const of = { ResourceType: 'Parameter' as const, ResourceId: 'plain' };
  await lab.ssm.send(new AddTagsToResourceCommand({ ...of, Tags }));
  expect((await lab.ssm.send(new ListTagsForResourceCommand(of))).TagList).toEqual(Tags);
  await lab.ssm.send(new RemoveTagsFromResourceCommand({ ...of, TagKeys: ['ExperimentID'] }));
  expect((await lab.ssm.send(new ListTagsForResourceCommand(of))).TagList).toEqual([]);
  const absent = { ...of, ResourceId: 'absent' };
  expect(await refusal(lab.ssm.send(new ListTagsForResourceCommand(absent)))).toBe('InvalidResourceId');
});

it('is deleted by name, at most ten a call, and unknown names are said and not refused', async () => {
  await put('a', '1');
  const drop = (Names: string[]) => lab.ssm.send(new DeleteParametersCommand({ Names }));

  expect(await drop(['a', 'b'])).toMatchObject({ DeletedParameters: ['a'], InvalidParameters: ['b'] });
  expect(await refusal(drop(Array.from({ length: 11 }, (_, at) => `p${at}`)))).toBe('ValidationException');
  expect(await refusal(lab.ssm.send(new DeleteParameterCommand({ Name: 'a' })))).toBe('ParameterNotFound');
  expect(await refusal(lab.ssm.send(new GetParameterCommand({ Name: 'a' })))).toBe('ParameterNotFound');
  await put('a', '2');
  expect((await lab.ledger()).summary.aliveByType).toEqual({ parameter: 1 });
});
