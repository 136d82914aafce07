import { DescribeInstanceStatusCommand, EC2Client } from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import { troubles } from '../../src/aws/instance-status';
import { awsError, mockedRegion } from './support';

const ec2 = mockClient(EC2Client);
const aws = mockedRegion();
beforeEach(() => ec2.reset());

/** Answers each question by the name of its filter. */
function answer(by: Record<string, object[]>): void {
  ec2.on(DescribeInstanceStatusCommand).callsFake(({ Filters = [] }: { Filters?: { Name: string }[] }) => ({
    InstanceStatuses: by[Filters[0]?.Name ?? ''] ?? [],
  }));
}

const since = (minute: number): Date => new Date(Date.UTC(2026, 0, 31, 12, minute));
const check = (minute?: number): object => ({
  Status: 'impaired',
  Details: minute === undefined ? [] : [{ Name: 'reachability', Status: 'failed', ImpairedSince: since(minute) }],
});

describe('troubles of a region', () => {
  it('are asked of EC2 by filter, page by page, so that calls do not grow with healthy nodes', async () => {
    answer({});
    expect(await troubles(aws)).toEqual([]);
    const inputs = ec2.commandCalls(DescribeInstanceStatusCommand).map((call) => call.args[0].input);
    expect(inputs.map((input) => input.Filters?.map(({ Name }) => Name))).toEqual([
      ['instance-status.status'],
      ['system-status.status'],
      ['event.code'],
    ]);
    for (const input of inputs) expect(input.MaxResults).toBe(1000);
  });

  it('are read to the last page', async () => {
    ec2
      .on(DescribeInstanceStatusCommand)
      .resolves({ InstanceStatuses: [] })
      .on(DescribeInstanceStatusCommand, { Filters: [{ Name: 'system-status.status', Values: ['impaired'] }] })
      .callsFake(({ NextToken }: { NextToken?: string }) => ({
        InstanceStatuses: [{ InstanceId: NextToken ?? 'i-1', SystemStatus: check() }],
        ...(NextToken === undefined ? { NextToken: 'i-2' } : {}),
      }));
    expect((await troubles(aws)).map((one) => one.instanceId)).toEqual(['i-1', 'i-2']);
  });

  it('name the first moment of failed checks, once per instance', async () => {
    const both = { InstanceId: 'i-1', InstanceStatus: check(7), SystemStatus: check(5) };
    answer({ 'instance-status.status': [both], 'system-status.status': [both] });
    expect(await troubles(aws)).toEqual([
      { instanceId: 'i-1', impaired: true, impairedSince: since(5).toISOString(), events: [] },
    ]);
  });

  it('hold planned events, and none that is over', async () => {
    const over = { Code: 'instance-reboot', Description: '[Completed] The instance is scheduled for a reboot' };
    const cancelled = { Code: 'instance-stop', Description: '[Canceled] Gone' };
    const planned = { Code: 'instance-retirement', Description: 'Scheduled for retirement', NotBefore: since(9) };
    answer({
      'event.code': [
        { InstanceId: 'i-1', Events: [over, planned] },
        { InstanceId: 'i-2', Events: [over, cancelled] },
      ],
    });
    expect(await troubles(aws)).toEqual([
      {
        instanceId: 'i-1',
        impaired: false,
        events: [{ code: 'instance-retirement', notBefore: since(9).toISOString() }],
      },
    ]);
  });

  it('are a Failure of the table when EC2 refuses', async () => {
    ec2.on(DescribeInstanceStatusCommand).rejects(awsError('UnauthorizedOperation', 'no', 403));
    await expect(troubles(aws)).rejects.toMatchObject({ type: 'NotAuthorized' });
  });
});
