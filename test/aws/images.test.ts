import { DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { findImage } from '../../src/aws/images';
import { awsError, mockedRegion } from './support';

const ec2 = mockClient(EC2Client);
const ssm = mockClient(SSMClient);
const aws = mockedRegion();
beforeEach(() => {
  ec2.reset();
  ssm.reset();
});

const image = (ImageId: string, CreationDate: string, over = {}): object => ({
  ImageId,
  CreationDate,
  State: 'available',
  Architecture: 'arm64',
  ...over,
});
const answer = (...Images: object[]): void => {
  ec2.on(DescribeImagesCommand).resolves({ Images: Images });
};

it.each([
  ['x86_64', 'amd64'],
  ['arm64', 'arm64'],
] as const)('a parameter for %s says %s', async (architecture, word) => {
  ssm.on(GetParameterCommand).resolves({ Parameter: { Value: 'ami-1' } });
  answer(image('ami-1', '2026', { Architecture: architecture }));
  expect(await findImage(aws, { ssmParameter: '/a/{arch}/{arch}/id' }, architecture)).toBe('ami-1');
  expect(ssm.commandCalls(GetParameterCommand)[0]?.args[0].input.Name).toBe(`/a/${word}/${word}/id`);
});

it('the newest available image of the architecture is taken, over all pages', async () => {
  ec2
    .on(DescribeImagesCommand)
    .resolvesOnce({ Images: [image('ami-old', '2025-01-01')], NextToken: 'more' })
    .resolvesOnce({
      Images: [
        image('ami-new', '2026-05-01'),
        image('ami-pending', '2026-09-01', { State: 'pending' }),
        image('ami-intel', '2026-09-01', { Architecture: 'x86_64' }),
      ] as never[],
    });
  expect(await findImage(aws, { namePattern: 'pulsar-*', owner: 'self' }, 'arm64')).toBe('ami-new');
  expect(ec2.commandCalls(DescribeImagesCommand)[0]?.args[0].input).toMatchObject({
    Owners: ['self'],
    MaxResults: 1000,
    Filters: [
      { Name: 'state', Values: ['available'] },
      { Name: 'architecture', Values: ['arm64'] },
      { Name: 'name', Values: ['pulsar-*'] },
    ],
  });
});

it('of two images of one second always the same is taken', async () => {
  answer(image('ami-1', '2026'), image('ami-2', '2026'));
  expect(await findImage(aws, { tags: { Role: 'broker' } }, 'arm64')).toBe('ami-2');
  answer(image('ami-2', '2026'), image('ami-1', '2026'));
  expect(await findImage(aws, { tags: { Role: 'broker' } }, 'arm64')).toBe('ami-2');
});

it('tags are looked for among own images', async () => {
  answer();
  expect(await findImage(aws, { tags: { Role: 'broker' } }, 'arm64')).toBeUndefined();
  expect(ec2.commandCalls(DescribeImagesCommand)[0]?.args[0].input).toMatchObject({
    Owners: ['self'],
    Filters: expect.arrayContaining([{ Name: 'tag:Role', Values: ['broker'] }]) as never,
  });
});

it.each(['InvalidAMIID.NotFound', 'InvalidAMIID.Unavailable'])('an id that is %s is undefined', async (code) => {
  ec2.on(DescribeImagesCommand).rejects(awsError(code));
  expect(await findImage(aws, { id: 'ami-1' }, 'arm64')).toBeUndefined();
  expect(ec2.commandCalls(DescribeImagesCommand)[0]?.args[0].input).not.toHaveProperty('MaxResults');
});

it('a missing parameter is undefined; a forbidden one is NotAuthorized', async () => {
  ssm.on(GetParameterCommand).rejects(awsError('ParameterNotFound'));
  expect(await findImage(aws, { ssmParameter: '/a' }, 'arm64')).toBeUndefined();
  ssm.on(GetParameterCommand).rejects(awsError('AccessDeniedException'));
  await expect(findImage(aws, { ssmParameter: '/a' }, 'arm64')).rejects.toMatchObject({ type: 'NotAuthorized' });
});
