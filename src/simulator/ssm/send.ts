/** May this command be sent, and to which machines? SendCommand with the document AWS-RunShellScript. */
import { AwsError } from '../errors';
import { answersSsm } from '../nodes';
import { newUuid } from '../world/ids';
import type { Handler, HandlerContext, SimInstance } from '../world/state';
import { regionState } from '../world/world';
import { deliver } from './delivery';
import { checkLimits } from './limits';
import { commandsOf, type SimCommand } from './store';
import { commandView } from './views';

const DOCUMENT = 'AWS-RunShellScript';

/** SendCommand, API reference. */
const LIMITS = {
  InstanceIds: { max: 50 },
  Targets: { max: 5 },
  Comment: { max: 100 },
  TimeoutSeconds: { min: 30, max: 2_592_000 },
  MaxConcurrency: { min: 1, max: 7 },
  MaxErrors: { min: 1, max: 7 },
};

export const sendCommand: Handler = (input, ctx) => {
  checkLimits(input, LIMITS);
  if (String(input['DocumentName']).replace(/^arn:aws:ssm:[^:]*:[^:]*:document\//, '') !== DOCUMENT) {
    throw new AwsError('InvalidDocument', `Document with name ${String(input['DocumentName'])} does not exist.`);
  }
  const parameters = readParameters(input['Parameters']);
  const instances = chooseInstances(input, ctx);
  const command = newCommand(input, ctx, parameters, instances);
  commandsOf(ctx.world).set(command.id, command);
  for (const instance of instances) deliver(ctx.world, command, instance);
  return { Command: commandView(command) };
};

const KNOWN_PARAMETERS = ['commands', 'workingDirectory', 'executionTimeout'];
/** A document with its parameters may have 64 KB; that the parameters of a command count in full is a cautious reading. */
const MAX_BYTES = 64 * 1024;

function readParameters(value: unknown): Record<string, string[]> {
  const parameters = (value ?? {}) as Record<string, string[]>;
  const unknown = Object.keys(parameters).find((name) => !KNOWN_PARAMETERS.includes(name));
  if (unknown !== undefined)
    throw invalidParameters(`The parameter ${unknown} is not defined in the document ${DOCUMENT}.`);
  if (!parameters['commands']?.length) throw invalidParameters('The parameter commands is required.');
  if (Buffer.byteLength(JSON.stringify(parameters)) > MAX_BYTES) {
    throw new AwsError('MaxDocumentSizeExceeded', 'The size limit of a document is 64 KB.');
  }
  return parameters;
}

/** Default of the document: an hour. */
const EXECUTION_TIMEOUT = '3600';

function executionTimeout(parameters: Record<string, string[]>): number {
  const [text = EXECUTION_TIMEOUT] = parameters['executionTimeout'] ?? [];
  const seconds = Number(text);
  // The document allows 1 to 172,800 seconds.
  if (!/^\d+$/.test(text) || seconds < 1 || seconds > 172_800) {
    throw invalidParameters(`Parameter 'executionTimeout' has the value '${text}', which is not between 1 and 172800.`);
  }
  return seconds;
}

function invalidParameters(message: string): AwsError {
  return new AwsError('InvalidParameters', message);
}

function chooseInstances(input: Record<string, unknown>, ctx: HandlerContext): SimInstance[] {
  const ids = (input['InstanceIds'] ?? []) as string[];
  const targets = (input['Targets'] ?? []) as { Key: string; Values: string[] }[];
  if (ids.length > 0 && targets.length > 0) {
    throw new AwsError('InvalidTarget', 'Specify either InstanceIds or Targets, not both.');
  }
  if (ids.length === 0 && targets.length === 0) throw new AwsError('InvalidInstanceId', 'No instances were specified.');
  if (new Set(ids).size < ids.length) throw new AwsError('DuplicateInstanceId', 'An instance ID is given twice.');
  const now = Date.now();
  const online = [...regionState(ctx).instances.values()].filter(
    (instance) => instance.account === ctx.account && answersSsm(ctx.world, instance, now),
  );
  if (targets.length > 0) return online.filter((instance) => targets.every((target) => hits(target, instance)));
  const absent = ids.filter((id) => !online.some((instance) => instance.id === id));
  if (absent.length > 0) {
    throw new AwsError(
      'InvalidInstanceId',
      `Instances [[${absent.join(', ')}]] not in a valid state for account ${ctx.account}`,
    );
  }
  return online.filter(({ id }) => ids.includes(id));
}

function hits({ Key, Values }: { Key: string; Values: string[] }, instance: SimInstance): boolean {
  if (Key === 'InstanceIds') return Values.includes(instance.id);
  if (Key.startsWith('tag:')) return Values.includes(instance.tags[Key.slice('tag:'.length)] ?? '');
  if (Key === 'tag-key') return Values.some((key) => key in instance.tags);
  throw new AwsError('InvalidTarget', `The target key '${Key}' is not valid.`);
}

/** TimeoutSeconds when the caller does not say. */
const DELIVERY_TIMEOUT = 3600;

function newCommand(
  input: Record<string, unknown>,
  { world, region, account }: HandlerContext,
  parameters: Record<string, string[]>,
  instances: SimInstance[],
): SimCommand {
  const now = Date.now();
  return {
    id: newUuid(world),
    account,
    region,
    documentName: DOCUMENT,
    parameters,
    comment: (input['Comment'] ?? '') as string,
    instanceIds: instances.map(({ id }) => id),
    targets: (input['Targets'] ?? []) as SimCommand['targets'],
    requestedAt: now,
    visibleAt: now + world.random.between(world.scenario.delays.visibilityLag),
    timeoutSeconds: Number(input['TimeoutSeconds'] ?? DELIVERY_TIMEOUT),
    executionTimeoutSeconds: executionTimeout(parameters),
    cancelled: false,
    invocations: new Map(),
  };
}
