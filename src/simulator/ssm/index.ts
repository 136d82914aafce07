/** Which operations of SSM does the simulator answer? */
import type { Handlers } from '../world/state';
import { describeInstanceInformation } from './inventory';
import { cancelCommand, getCommandInvocation, listCommandInvocations, listCommands } from './invocations';
import { getParameter, getParameters } from './parameters';
import { sendCommand } from './send';

export const ssmOperations: Handlers = {
  CancelCommand: cancelCommand,
  DescribeInstanceInformation: describeInstanceInformation,
  GetCommandInvocation: getCommandInvocation,
  GetParameter: getParameter,
  GetParameters: getParameters,
  ListCommandInvocations: listCommandInvocations,
  ListCommands: listCommands,
  SendCommand: sendCommand,
};
