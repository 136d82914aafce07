/** How is a command doing? Reads of its invocations, and its cancellation. */
import { AwsError } from '../errors';
import type { Handler, HandlerContext } from '../world/state';
import { checkLimits } from './limits';
import { pageOf } from './paging';
import { commandsOf, isFinal, settle, type SimCommand, type SimInvocation } from './store';
import { commandView, invocationOutput, invocationView } from './views';

/** ListCommands, ListCommandInvocations: MaxResults 1 to 50; 50 when the caller does not say. */
const PAGE = { min: 1, max: 50 };
const COMMAND_ID = { min: 36, max: 36 };

export const getCommandInvocation: Handler = (input, ctx) => {
  checkLimits(input, { CommandId: COMMAND_ID });
  const command = commandsOf(ctx.world).get(String(input['CommandId']));
  const invocation = command?.invocations.get(String(input['InstanceId']));
  if (!command || !invocation || !isVisible(ctx, command)) throw new AwsError('InvocationDoesNotExist', '');
  const plugin = input['PluginName'];
  if (plugin !== undefined && plugin !== 'aws:runShellScript') throw new AwsError('InvalidPluginName', '');
  return invocationOutput(invocation);
};

export const listCommandInvocations: Handler = (input, ctx) => {
  checkLimits(input, { CommandId: COMMAND_ID, MaxResults: PAGE });
  const found = visibleCommands(input, ctx)
    .flatMap(({ invocations }) => [...invocations.values()])
    .filter((invocation) => input['InstanceId'] === undefined || invocation.instanceId === input['InstanceId'])
    .filter((invocation) => readFilters(input).every((filter) => filter(invocation.command, invocation.status)));
  const { items, NextToken } = pageOf(found, input['NextToken'], Number(input['MaxResults'] ?? PAGE.max));
  const views = items.map((invocation) => invocationView(invocation, input['Details'] === true));
  return { CommandInvocations: views, ...(NextToken ? { NextToken } : {}) };
};

export const listCommands: Handler = (input, ctx) => {
  checkLimits(input, { CommandId: COMMAND_ID, MaxResults: PAGE });
  const found = visibleCommands(input, ctx)
    .filter(
      ({ instanceIds }) => input['InstanceId'] === undefined || instanceIds.includes(input['InstanceId'] as string),
    )
    .map((command) => ({ command, view: commandView(command) }))
    .filter(({ command, view }) => readFilters(input).every((filter) => filter(command, String(view['Status']))));
  const { items, NextToken } = pageOf(found, input['NextToken'], Number(input['MaxResults'] ?? PAGE.max));
  return { Commands: items.map(({ view }) => view), ...(NextToken ? { NextToken } : {}) };
};

/** Best effort, as with AWS: what has not started never does, what runs is ended, what is over stays as it was. */
export const cancelCommand: Handler = (input, ctx) => {
  checkLimits(input, { CommandId: COMMAND_ID, InstanceIds: { max: 50 } });
  const command = commandsOf(ctx.world).get(String(input['CommandId']));
  if (command?.account !== ctx.account || command.region !== ctx.region) throw new AwsError('InvalidCommandId', '');
  const ids = (input['InstanceIds'] ?? []) as string[];
  const bad = ids.find((id) => !command.invocations.has(id));
  if (bad !== undefined) throw new AwsError('InvalidInstanceId', `The command was not sent to ${bad}.`);
  if (ids.length === 0) command.cancelled = true;
  for (const invocation of command.invocations.values()) {
    if (ids.length === 0 || ids.includes(invocation.instanceId)) cancel(invocation);
  }
  return {};
};

function cancel(invocation: SimInvocation): void {
  if (isFinal(invocation)) return;
  if (invocation.status === 'Pending') settle(invocation, { status: 'Cancelled', exitCode: -1 });
  else {
    invocation.status = 'Cancelling';
    invocation.details = 'Cancelling';
  }
  invocation.stop.abort();
}

function isVisible({ region, account }: HandlerContext, command: SimCommand): boolean {
  return command.region === region && command.account === account && Date.now() >= command.visibleAt;
}

/** Newest first, as AWS lists them. */
function visibleCommands(input: Record<string, unknown>, ctx: HandlerContext): SimCommand[] {
  const id = input['CommandId'];
  const named = id === undefined ? undefined : commandsOf(ctx.world).get(id as string);
  const all = id === undefined ? [...commandsOf(ctx.world).values()].reverse() : named ? [named] : [];
  return all.filter((command) => isVisible(ctx, command));
}

/** What `Executing` means; everything else is `Complete` (API reference, CommandFilter). */
const IN_FLIGHT = new Set(['Pending', 'InProgress', 'Cancelling']);

type Filter = (command: SimCommand, status: string) => boolean;

function readFilters(input: Record<string, unknown>): Filter[] {
  return ((input['Filters'] ?? []) as { key: string; value: string }[]).map(({ key, value }) => {
    switch (key) {
      case 'InvokedAfter':
        return (command) => command.requestedAt >= Date.parse(value);
      case 'InvokedBefore':
        return (command) => command.requestedAt <= Date.parse(value);
      case 'Status':
        return (_command, status) => status === value;
      case 'ExecutionStage':
        return (_command, status) => (value === 'Executing') === IN_FLIGHT.has(status);
      case 'DocumentName':
        return (command) => command.documentName === value;
      default:
        throw new AwsError('InvalidFilterKey', `The specified filter key '${key}' is not valid.`);
    }
  });
}
