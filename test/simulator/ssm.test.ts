/** Does the simulator's SSM behave as AWS documents it? */
import { TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import {
  CancelCommandCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  GetParameterCommand,
  GetParametersCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
} from '@aws-sdk/client-ssm';
import type { SendCommandCommandInput } from '@aws-sdk/client-ssm';
import { eventually, onlineIds, openLab, refusal, type Lab } from './nodes-support';

let lab: Lab;
afterEach(() => lab.close());

function send(InstanceIds: string[], over: Partial<SendCommandCommandInput> = {}) {
  const Parameters = { commands: ['do it'] };
  return lab.ssm.send(new SendCommandCommand({ DocumentName: 'AWS-RunShellScript', InstanceIds, Parameters, ...over }));
}
const statusOf = async (CommandId: string, InstanceId: string) =>
  lab.ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId }));

describe('agents', () => {
  it('register some time after the machine runs, and never without an instance profile', async () => {
    lab = await openLab({ delays: { pendingToRunning: [50, 50], runningToAgent: [300, 300] } });
    const [withProfile = ''] = await lab.launch();
    await lab.launch({ profile: false });

    expect(await onlineIds(lab.ssm)).toEqual([]);
    expect(await refusal(send([withProfile]))).toBe('InvalidInstanceId');
    await eventually(async () => expect(await onlineIds(lab.ssm)).toEqual([withProfile]));
  });

  it('are listed in pages of 5 to 50, filtered by id, tag and ping status', async () => {
    lab = await openLab();
    const ids = await lab.launchOnline({ count: 12, tags: { Component: 'a' } });
    const ask = (input: object) => lab.ssm.send(new DescribeInstanceInformationCommand(input));

    const first = await ask({ MaxResults: 5 });
    const second = await ask({ MaxResults: 5, NextToken: first.NextToken });
    const third = await ask({ MaxResults: 5, NextToken: second.NextToken });
    const all = [first, second, third].flatMap((page) => page.InstanceInformationList ?? []);

    expect(all.map(({ InstanceId }) => InstanceId).sort()).toEqual([...ids].sort());
    expect(third.NextToken).toBeUndefined();
    const some = await ask({
      Filters: [
        { Key: 'InstanceIds', Values: [ids[3]] },
        { Key: 'tag:Component', Values: ['a'] },
      ],
    });
    expect(some.InstanceInformationList).toMatchObject([
      { InstanceId: ids[3], PingStatus: 'Online', PlatformType: 'Linux' },
    ]);
    expect(
      (await ask({ Filters: [{ Key: 'PingStatus', Values: ['ConnectionLost'] }] })).InstanceInformationList,
    ).toEqual([]);
    expect(await refusal(ask({ MaxResults: 4 }))).toBe('ValidationException');
    expect(await refusal(ask({ MaxResults: 51 }))).toBe('ValidationException');
    expect(await refusal(ask({ Filters: [{ Key: 'Colour', Values: ['red'] }] }))).toBe('InvalidFilterKey');
    expect(await refusal(ask({ NextToken: 'made up' }))).toBe('InvalidNextToken');
  });

  it('are gone with their machine', async () => {
    lab = await openLab();
    const [id = ''] = await lab.launchOnline();

    await lab.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));

    expect(await onlineIds(lab.ssm)).toEqual([]);
    expect(await refusal(send([id]))).toBe('InvalidInstanceId');
  });

  it('never register when the scenario says so', async () => {
    lab = await openLab({ nodes: { components: { broken: { agentNever: true } } } });
    await lab.launch({ tags: { Component: 'broken' } });
    const [good] = await lab.launchOnline({ tags: { Component: 'good' } });

    expect(await onlineIds(lab.ssm)).toEqual([good]);
  });
});

describe('SendCommand', () => {
  it('refuses what AWS refuses, by the same names', async () => {
    lab = await openLab();
    const [id = ''] = await lab.launchOnline();
    const many = Array.from({ length: 51 }, (_, i) => `i-${String(i).padStart(17, '0')}`);

    expect(await refusal(send(['i-00000000000000000']))).toBe('InvalidInstanceId');
    expect(await refusal(send(many))).toBe('ValidationException');
    expect(await refusal(send([id, id]))).toBe('DuplicateInstanceId');
    expect(await refusal(send([id], { DocumentName: 'No-Such' }))).toBe('InvalidDocument');
    expect(await refusal(send([id], { Comment: 'x'.repeat(101) }))).toBe('ValidationException');
    expect(await refusal(send([id], { TimeoutSeconds: 29 }))).toBe('ValidationException');
    expect(await refusal(send([id], { Parameters: {} }))).toBe('InvalidParameters');
    expect(await refusal(send([id], { Parameters: { commands: ['x'], colour: ['red'] } }))).toBe('InvalidParameters');
    expect(await refusal(send([id], { Parameters: { commands: ['x'], executionTimeout: ['0'] } }))).toBe(
      'InvalidParameters',
    );
    expect(await refusal(send([id], { Parameters: { commands: ['x'.repeat(65_536)] } }))).toBe(
      'MaxDocumentSizeExceeded',
    );
    expect(await refusal(send([]))).toBe('InvalidInstanceId');
  });

  it('is not visible at once, then pending, in progress and done', async () => {
    lab = await openLab({
      delays: { visibilityLag: [100, 100], commandDelivery: [300, 300] },
      nodes: { default: { commands: [{ match: 'do it', stdout: 'did it', seconds: 0.3 }] } },
    });
    const [id = ''] = await lab.launchOnline();
    const seen: string[] = [];

    const { Command } = await send([id], { Comment: 'why' });
    await eventually(async () => {
      const status = await statusOf(Command?.CommandId ?? '', id).then(
        ({ Status }) => Status ?? '',
        (error: unknown) => (error as Error).name,
      );
      if (seen.at(-1) !== status) seen.push(status);
      expect(status).toBe('Success');
    });

    expect(seen).toEqual(['InvocationDoesNotExist', 'Pending', 'InProgress', 'Success']);
    expect(Command).toMatchObject({ Comment: 'why', InstanceIds: [id], DocumentName: 'AWS-RunShellScript' });
    expect(await statusOf(Command?.CommandId ?? '', id)).toMatchObject({
      ResponseCode: 0,
      StandardOutputContent: 'did it',
    });
  });

  it('reports failures with exit code and both streams', async () => {
    lab = await openLab({
      nodes: { default: { commands: [{ match: '.', exitCode: 7, stdout: 'out', stderr: 'err' }] } },
    });
    const [id = ''] = await lab.launchOnline();

    expect(await lab.shell(id, 'anything')).toMatchObject({
      Status: 'Failed',
      ResponseCode: 7,
      StandardOutputContent: 'out',
      StandardErrorContent: 'err',
    });
  });

  it('cuts output at 24,000 characters, errors at 8,000 and listings at 2,500', async () => {
    const long = 'x'.repeat(30_000);
    lab = await openLab({ nodes: { default: { commands: [{ match: '.', stdout: long, stderr: long }] } } });
    const [id = ''] = await lab.launchOnline();

    const whole = await lab.shell(id, 'anything');
    const listed = await lab.ssm.send(new ListCommandInvocationsCommand({ CommandId: whole.CommandId, Details: true }));

    expect(whole.StandardOutputContent).toHaveLength(24_000);
    expect(whole.StandardErrorContent).toHaveLength(8_000);
    expect(listed.CommandInvocations?.[0]?.CommandPlugins?.[0]?.Output).toHaveLength(2_500);
  });

  it('reaches 50 machines by one call, listed in pages', async () => {
    lab = await openLab({ nodes: { default: { commands: [{ match: 'do it', stdout: 'yes' }] } } });
    const ids = await lab.launchOnline({ count: 50 });

    const { Command } = await send(ids);
    const page = (NextToken?: string) =>
      lab.ssm.send(
        new ListCommandInvocationsCommand({ CommandId: Command?.CommandId, Details: true, MaxResults: 30, NextToken }),
      );
    await eventually(async () => {
      const { Commands } = await lab.ssm.send(new ListCommandsCommand({ CommandId: Command?.CommandId }));
      expect(Commands?.[0]).toMatchObject({ Status: 'Success', TargetCount: 50, CompletedCount: 50 });
    });
    const first = await page();
    const second = await page(first.NextToken);

    const all = [...(first.CommandInvocations ?? []), ...(second.CommandInvocations ?? [])];
    expect(all.map(({ InstanceId }) => InstanceId).sort()).toEqual([...ids].sort());
    expect(all.every(({ CommandPlugins }) => CommandPlugins?.[0]?.Output === 'yes')).toBe(true);
    expect(second.NextToken).toBeUndefined();
  });

  it('reaches machines by tag, those whose agent answers', async () => {
    lab = await openLab();
    const ids = await lab.launchOnline({ count: 2, tags: { Component: 'a' } });
    await lab.launchOnline({ tags: { Component: 'b' } });

    const { Command } = await send([], { InstanceIds: undefined, Targets: [{ Key: 'tag:Component', Values: ['a'] }] });
    const listed = await lab.ssm.send(new ListCommandInvocationsCommand({ CommandId: Command?.CommandId }));

    expect((listed.CommandInvocations ?? []).map(({ InstanceId }) => InstanceId).sort()).toEqual([...ids].sort());
  });

  it('ends what runs too long, and what is cancelled', async () => {
    lab = await openLab({ nodes: { default: { commands: [{ match: '.', seconds: 60 }] } } });
    const [id = ''] = await lab.launchOnline();

    const long = await send([id], { Parameters: { commands: ['x'], executionTimeout: ['1'] } });
    const cancelled = await send([id]);
    const CommandId = cancelled.Command?.CommandId ?? '';
    await eventually(async () => expect(await statusOf(CommandId, id)).toMatchObject({ Status: 'InProgress' }));
    await lab.ssm.send(new CancelCommandCommand({ CommandId }));

    await eventually(async () => expect(await statusOf(CommandId, id)).toMatchObject({ Status: 'Cancelled' }));
    await eventually(async () =>
      expect(await statusOf(long.Command?.CommandId ?? '', id)).toMatchObject({
        Status: 'TimedOut',
        StatusDetails: 'ExecutionTimedOut',
      }),
    );
    const unknown = new CancelCommandCommand({ CommandId: '00000000-0000-0000-0000-000000000000' });
    expect(await refusal(lab.ssm.send(unknown))).toBe('InvalidCommandId');
  });

  it('cancelled before delivery is never run', async () => {
    lab = await openLab({ delays: { commandDelivery: [500, 500] } });
    const [id = ''] = await lab.launchOnline();

    const { Command } = await send([id]);
    await lab.ssm.send(new CancelCommandCommand({ CommandId: Command?.CommandId }));

    expect(await statusOf(Command?.CommandId ?? '', id)).toMatchObject({
      Status: 'Cancelled',
      ExecutionStartDateTime: '',
    });
  });

  it('to a machine that dies meanwhile never reports success', async () => {
    lab = await openLab({ nodes: { default: { commands: [{ match: '.', seconds: 0.3 }] } } });
    const [id = ''] = await lab.launchOnline();
    const { Command } = await send([id], { Parameters: { commands: ['x'], executionTimeout: ['1'] } });
    const CommandId = Command?.CommandId ?? '';
    await eventually(async () => expect(await statusOf(CommandId, id)).toMatchObject({ Status: 'InProgress' }));

    await lab.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));

    await eventually(async () => expect(await statusOf(CommandId, id)).toMatchObject({ Status: 'TimedOut' }));
  });
});

describe('the parameter store', () => {
  it('has the public image parameters of each region and those of the account', async () => {
    lab = await openLab({ parameters: { '/my/setting': 'value' } });
    const name = (arch: string) =>
      `/aws/service/canonical/ubuntu/server/24.04/stable/current/${arch}/hvm/ebs-gp3/ami-id`;
    const get = (Name: string) => lab.ssm.send(new GetParameterCommand({ Name }));
    const al2023 = (arch: string) => `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${arch}`;

    const images = await Promise.all([name('amd64'), name('arm64'), al2023('x86_64'), al2023('arm64')].map(get));

    const ids = images.map(({ Parameter }) => Parameter?.Value ?? '');
    for (const id of ids) expect(id).toMatch(/^ami-[0-9a-f]{17}$/);
    expect(new Set(ids).size).toBe(4);
    expect((await get('/my/setting')).Parameter).toMatchObject({ Value: 'value', Type: 'String' });
    expect(await refusal(get('/no/such'))).toBe('ParameterNotFound');
    const several = await lab.ssm.send(new GetParametersCommand({ Names: ['/no/such', name('amd64')] }));
    expect(several.Parameters?.map(({ Value }) => Value)).toEqual([ids[0]]);
    expect(several.InvalidParameters).toEqual(['/no/such']);
    const tooMany = Array.from({ length: 11 }, (_, i) => `/p${String(i)}`);
    expect(await refusal(lab.ssm.send(new GetParametersCommand({ Names: tooMany })))).toBe('ValidationException');
  });
});
