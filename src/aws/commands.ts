/** How do commands reach nodes, and what came of them? SSM Run Command as our port. */
import {
  CancelCommandCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  SendCommandCommand,
} from '@aws-sdk/client-ssm';
import type { CommandInvocation } from '@aws-sdk/client-ssm';
import { Failure } from '../contracts/failures';
import type { AwsRegion } from './clients';
import { hasCode } from './errors';
import { allPages, inParts } from './paging';
import type { Call, CommandsPort, Invocation } from './ports';

/** Nodes per call and entries per page. Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html */
const NODES_PER_CALL = 50;
/** How long SSM tries to hand a command to an agent, in seconds: agents ask at least every few seconds. */
const DELIVERY_SECONDS = 120;
/** The longest run that AWS-RunShellScript takes: 48 h, in seconds. */
const LONGEST_RUN_SECONDS = 172_800;
/** What SSM keeps of a comment. */
const COMMENT_LENGTH = 100;
/** States in which an exit code means something. */
const ENDED: readonly Invocation['status'][] = ['Success', 'Failed', 'TimedOut', 'Cancelled'];

export function createCommands(aws: AwsRegion): CommandsPort {
  return {
    online: (ids, call) => online(aws, ids, call),
    send: (request, call) => send(aws, request, call),
    invocations: (commandId, call) => invocations(aws, commandId, call),
    output: (commandId, instanceId, call) => output(aws, commandId, instanceId, call),
    cancel: (commandId, ids, call) => cancel(aws, commandId, ids, call),
  };
}

/** Fifty ids at a time, so that an answer is one page. */
async function online(aws: AwsRegion, ids: string[], call: Call = {}): ReturnType<CommandsPort['online']> {
  const parts: Awaited<ReturnType<CommandsPort['online']>>[] = [];
  for (const part of inParts(ids, NODES_PER_CALL)) {
    const found = await allPages(
      (NextToken) =>
        aws.send(
          new DescribeInstanceInformationCommand({
            Filters: [{ Key: 'InstanceIds', Values: part }],
            MaxResults: NODES_PER_CALL,
            NextToken,
          }),
          call,
        ),
      (page) => page.NextToken,
      (page) => page.InstanceInformationList,
    );
    parts.push(
      found.flatMap(({ InstanceId, PingStatus, AgentVersion }) =>
        InstanceId !== undefined && PingStatus === 'Online'
          ? [{ instanceId: InstanceId, agentVersion: AgentVersion ?? '' }]
          : [],
      ),
    );
  }
  return parts.flat();
}

type SendRequest = Parameters<CommandsPort['send']>[0];

async function send(aws: AwsRegion, request: SendRequest, call: Call = {}): Promise<string> {
  const seconds = Math.min(LONGEST_RUN_SECONDS, Math.max(1, Math.ceil(request.timeoutSeconds)));
  const { Command } = await aws.send(
    new SendCommandCommand({
      DocumentName: 'AWS-RunShellScript',
      InstanceIds: request.ids,
      Parameters: { commands: [asBash(request.script)], executionTimeout: [String(seconds)] },
      TimeoutSeconds: DELIVERY_SECONDS,
      // A node that fails must not keep the script from the others.
      MaxConcurrency: String(NODES_PER_CALL),
      MaxErrors: String(NODES_PER_CALL),
      Comment: request.comment.slice(0, COMMENT_LENGTH),
    }),
    call,
  );
  if (Command?.CommandId !== undefined) return Command.CommandId;
  throw new Failure('ServiceUnavailable', 'SendCommand answered without a command id');
}

/** The agent runs a script with `sh` unless its first line names another shell. */
function asBash(script: string): string {
  return script.startsWith('#!') ? script : `#!/bin/bash\n${script}`;
}

async function invocations(aws: AwsRegion, commandId: string, call: Call = {}): Promise<Invocation[]> {
  try {
    const found = await allPages(
      (NextToken) =>
        aws.send(
          new ListCommandInvocationsCommand({
            CommandId: commandId,
            Details: true,
            MaxResults: NODES_PER_CALL,
            NextToken,
          }),
          call,
        ),
      (page) => page.NextToken,
      (page) => page.CommandInvocations,
    );
    return found.flatMap((entry) => invocation(entry));
  } catch (error) {
    // Within seconds of SendCommand a reader may not know the command yet.
    if (hasCode(error, 'InvalidCommandId')) return [];
    throw error;
  }
}

function invocation(entry: CommandInvocation): Invocation[] {
  const { InstanceId, Status, CommandPlugins } = entry;
  if (InstanceId === undefined) return [];
  const [plugin] = CommandPlugins ?? [];
  const status = Status ?? 'Pending';
  return [{ instanceId: InstanceId, status, stdout: plugin?.Output ?? '', ...exitCode(status, plugin?.ResponseCode) }];
}

/** SSM answers -1 while there is none. */
function exitCode(status: Invocation['status'], code: number | undefined): { exitCode?: number } {
  return code === undefined || code < 0 || !ENDED.includes(status) ? {} : { exitCode: code };
}

async function output(
  aws: AwsRegion,
  commandId: string,
  instanceId: string,
  call: Call = {},
): ReturnType<CommandsPort['output']> {
  const reply = await aws.send(new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: instanceId }), call);
  const status = reply.Status ?? 'Pending';
  return {
    instanceId,
    status,
    stdout: reply.StandardOutputContent ?? '',
    stderr: reply.StandardErrorContent ?? '',
    ...exitCode(status, reply.ResponseCode),
  };
}

/** Asks; SSM gives no guarantee that a running script is ended. */
async function cancel(aws: AwsRegion, commandId: string, ids: string[], call: Call = {}): Promise<void> {
  for (const part of inParts(ids, NODES_PER_CALL)) {
    await aws.send(new CancelCommandCommand({ CommandId: commandId, InstanceIds: part }), call);
  }
}
