/** How do commands and invocations look to a caller? With AWS's cuts: 24,000 and 8,000 characters, 2,500 in listings. */
import { isFinal, type SimCommand, type SimInvocation } from './store';

/** GetCommandInvocation: "the first 24,000 characters" of output, "the first 8,000" of errors. */
const OUTPUT_CHARACTERS = 24_000;
const ERROR_CHARACTERS = 8_000;
/** CommandPlugin: "Output ... up to 2500 characters". */
const PLUGIN_CHARACTERS = 2_500;

const PLUGIN = 'aws:runShellScript';

export function commandView(command: SimCommand): Record<string, unknown> {
  const invocations = [...command.invocations.values()];
  const status = statusOf(command, invocations);
  return {
    CommandId: command.id,
    DocumentName: command.documentName,
    DocumentVersion: '$DEFAULT',
    Comment: command.comment,
    ExpiresAfter: new Date(command.requestedAt + (command.timeoutSeconds + command.executionTimeoutSeconds) * 1000),
    Parameters: command.parameters,
    InstanceIds: command.targets.length > 0 ? [] : command.instanceIds,
    Targets: command.targets,
    RequestedDateTime: new Date(command.requestedAt),
    Status: status,
    StatusDetails: status,
    MaxConcurrency: '50',
    MaxErrors: '0',
    TargetCount: command.instanceIds.length,
    CompletedCount: invocations.filter(isFinal).length,
    ErrorCount: invocations.filter(({ status: one }) => one === 'Failed' || one === 'TimedOut').length,
    DeliveryTimedOutCount: invocations.filter(({ details }) => details === 'DeliveryTimedOut').length,
    TimeoutSeconds: command.timeoutSeconds,
  };
}

/** Of all machines together: done only when each is, and then the worst of them. */
function statusOf(command: SimCommand, invocations: SimInvocation[]): string {
  if (!invocations.every(isFinal)) {
    if (command.cancelled) return 'Cancelling';
    return invocations.every(({ status }) => status === 'Pending') ? 'Pending' : 'InProgress';
  }
  return (
    ['Failed', 'TimedOut', 'Cancelled'].find((worst) => invocations.some(({ status }) => status === worst)) ?? 'Success'
  );
}

export function invocationOutput(invocation: SimInvocation): Record<string, unknown> {
  const { command, instanceId, startedAt, endedAt } = invocation;
  return {
    CommandId: command.id,
    InstanceId: instanceId,
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: '$DEFAULT',
    PluginName: PLUGIN,
    // AWS answers -1 while there is no exit code.
    ResponseCode: invocation.exitCode ?? -1,
    ExecutionStartDateTime: startedAt === undefined ? '' : iso(startedAt),
    ExecutionElapsedTime: startedAt === undefined || endedAt === undefined ? '' : `PT${(endedAt - startedAt) / 1000}S`,
    ExecutionEndDateTime: endedAt === undefined ? '' : iso(endedAt),
    Status: invocation.status,
    StatusDetails: invocation.details,
    StandardOutputContent: invocation.stdout.slice(0, OUTPUT_CHARACTERS),
    StandardOutputUrl: '',
    StandardErrorContent: invocation.stderr.slice(0, ERROR_CHARACTERS),
    StandardErrorUrl: '',
  };
}

export function invocationView(invocation: SimInvocation, withPlugins: boolean): Record<string, unknown> {
  const { command, instanceId, status, details } = invocation;
  return {
    CommandId: command.id,
    InstanceId: instanceId,
    InstanceName: '',
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: '$DEFAULT',
    RequestedDateTime: new Date(command.requestedAt),
    Status: status,
    StatusDetails: details,
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    CommandPlugins: withPlugins ? [pluginView(invocation)] : [],
  };
}

function pluginView({
  status,
  details,
  exitCode,
  startedAt,
  endedAt,
  stdout,
  stderr,
}: SimInvocation): Record<string, unknown> {
  // The agent puts the error stream behind the output.
  const output = stderr === '' ? stdout : `${stdout}\n----------ERROR-------\n${stderr}`;
  return {
    Name: PLUGIN,
    Status: status,
    StatusDetails: details,
    ResponseCode: exitCode ?? -1,
    ...(startedAt === undefined ? {} : { ResponseStartDateTime: new Date(startedAt) }),
    ...(endedAt === undefined ? {} : { ResponseFinishDateTime: new Date(endedAt) }),
    Output: output.slice(0, PLUGIN_CHARACTERS),
    StandardOutputUrl: '',
    StandardErrorUrl: '',
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
