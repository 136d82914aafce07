import {
  CancelCommandCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { createCommands } from '../../src/aws/commands';
import { awsError, mockedRegion } from './support';

const ssm = mockClient(SSMClient);
const commands = createCommands(mockedRegion());
beforeEach(() => ssm.reset());

const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `i-${String(n).padStart(17, '0')}`);

describe('online', () => {
  it('asks for 50 nodes at a time and counts only agents that answer', async () => {
    ssm.on(DescribeInstanceInformationCommand).callsFake(({ Filters }: { Filters: { Values: string[] }[] }) => ({
      InstanceInformationList: Filters[0]?.Values.map((InstanceId, n) => ({
        InstanceId,
        PingStatus: n === 0 ? 'ConnectionLost' : 'Online',
        AgentVersion: '3.3.1',
      })),
    }));
    const online = await commands.online(ids(120));
    expect(ssm.calls()).toHaveLength(3);
    expect(online).toHaveLength(117);
    expect(online[0]).toEqual({ instanceId: ids(2)[1], agentVersion: '3.3.1' });
  });

  it('asks nothing about no nodes', async () => {
    expect(await commands.online([])).toEqual([]);
    expect(ssm.calls()).toHaveLength(0);
  });
});

describe('send', () => {
  const request = { ids: ids(2), script: 'echo hi', timeoutSeconds: 90.2, comment: 'x'.repeat(200) };
  const sent = async (over = {}): Promise<unknown> => {
    ssm.on(SendCommandCommand).resolves({ Command: { CommandId: 'c-1' } });
    expect(await commands.send({ ...request, ...over })).toBe('c-1');
    return ssm.commandCalls(SendCommandCommand).at(-1)?.args[0].input;
  };

  it('runs the script with bash on all nodes at once, with its time limit', async () => {
    expect(await sent()).toEqual({
      DocumentName: 'AWS-RunShellScript',
      InstanceIds: ids(2),
      Parameters: { commands: ['#!/bin/bash\necho hi'], executionTimeout: ['91'] },
      TimeoutSeconds: 120,
      MaxConcurrency: '50',
      MaxErrors: '50',
      Comment: 'x'.repeat(100),
    });
  });

  it("keeps a script's own first line and stays within the limits of SSM", async () => {
    expect(await sent({ script: '#!/usr/bin/env python3\n', timeoutSeconds: 1_000_000 })).toMatchObject({
      Parameters: { commands: ['#!/usr/bin/env python3\n'], executionTimeout: ['172800'] },
    });
    expect(await sent({ timeoutSeconds: 0.2 })).toMatchObject({ Parameters: { executionTimeout: ['1'] } });
  });

  it('to an agent that has not registered is NotYetVisible', async () => {
    ssm.on(SendCommandCommand).rejects(awsError('InvalidInstanceId'));
    await expect(commands.send(request)).rejects.toMatchObject({ type: 'NotYetVisible' });
  });

  it('whose answer names no command is ServiceUnavailable', async () => {
    ssm.on(SendCommandCommand).resolves({});
    await expect(commands.send(request)).rejects.toMatchObject({ type: 'ServiceUnavailable' });
  });
});

describe('invocations', () => {
  it('are read to the last page, with an exit code only when they ended', async () => {
    const entry = (n: number, Status: string, ResponseCode: number): object => ({
      InstanceId: ids(9)[n],
      Status,
      CommandPlugins: [{ Output: `out ${String(n)}`, ResponseCode }],
    });
    ssm
      .on(ListCommandInvocationsCommand)
      .resolvesOnce({ CommandInvocations: [entry(0, 'Success', 0), entry(1, 'Failed', 7)] as never[], NextToken: 'x' })
      .resolvesOnce({ CommandInvocations: [entry(2, 'InProgress', 0), { InstanceId: ids(9)[3] }] as never[] });
    expect(await commands.invocations('c-1')).toEqual([
      { instanceId: ids(9)[0], status: 'Success', stdout: 'out 0', exitCode: 0 },
      { instanceId: ids(9)[1], status: 'Failed', stdout: 'out 1', exitCode: 7 },
      { instanceId: ids(9)[2], status: 'InProgress', stdout: 'out 2' },
      { instanceId: ids(9)[3], status: 'Pending', stdout: '' },
    ]);
    expect(ssm.commandCalls(ListCommandInvocationsCommand)[0]?.args[0].input).toEqual({
      CommandId: 'c-1',
      Details: true,
      MaxResults: 50,
    });
  });

  it('are empty while SSM does not know the command yet', async () => {
    ssm.on(ListCommandInvocationsCommand).rejects(awsError('InvalidCommandId'));
    expect(await commands.invocations('c-1')).toEqual([]);
  });
});

describe('output', () => {
  it('carries both streams and the exit code', async () => {
    ssm.on(GetCommandInvocationCommand).resolves({
      Status: 'TimedOut',
      ResponseCode: 137,
      StandardOutputContent: 'out',
      StandardErrorContent: 'err',
    });
    expect(await commands.output('c-1', 'i-1')).toEqual({
      instanceId: 'i-1',
      status: 'TimedOut',
      stdout: 'out',
      stderr: 'err',
      exitCode: 137,
    });
  });

  it('right after sending is NotYetVisible', async () => {
    ssm.on(GetCommandInvocationCommand).rejects(awsError('InvocationDoesNotExist'));
    await expect(commands.output('c-1', 'i-1')).rejects.toMatchObject({ type: 'NotYetVisible' });
  });
});

it('cancel goes to 50 nodes at a time', async () => {
  ssm.on(CancelCommandCommand).resolves({});
  await commands.cancel('c-1', ids(60));
  expect(ssm.commandCalls(CancelCommandCommand).map((call) => call.args[0].input.InstanceIds?.length)).toEqual([
    50, 10,
  ]);
});
