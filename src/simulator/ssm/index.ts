/** Which operations of SSM does the simulator answer? */
import type { Handlers } from '../world/state';
import { describeInstanceInformation } from './inventory';
import { cancelCommand, getCommandInvocation, listCommandInvocations, listCommands } from './invocations';
import { deleteParameter, deleteParameters, describeParameters, putParameter } from './own-parameters';
import { getParameter, getParameters } from './parameters';
import { sendCommand } from './send';
import { addTagsToResource, listTagsForResource, removeTagsFromResource } from './tags';

export const ssmOperations: Handlers = {
  AddTagsToResource: addTagsToResource,
  CancelCommand: cancelCommand,
  DeleteParameter: deleteParameter,
  DeleteParameters: deleteParameters,
  DescribeInstanceInformation: describeInstanceInformation,
  DescribeParameters: describeParameters,
  GetCommandInvocation: getCommandInvocation,
  GetParameter: getParameter,
  GetParameters: getParameters,
  ListCommandInvocations: listCommandInvocations,
  ListCommands: listCommands,
  ListTagsForResource: listTagsForResource,
  PutParameter: putParameter,
  RemoveTagsFromResource: removeTagsFromResource,
  SendCommand: sendCommand,
};
