/** How does a caller start, stop and end machines? All named instances or none of them. */
import { AwsError } from '../errors';
import { STATE_CODES, stateAt } from '../world/instance';
import { checkIds } from '../world/ids';
import { BY_USER, start, stop, terminate } from '../world/lifecycle';
import { poolOf } from '../world/pool';
import { quotaLeft, roomIn } from '../world/pools';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, InstanceState, RegionState, SimInstance } from '../world/state';
import { find } from './describe';
import { missing, texts, type Input } from './input';
import { payForInstances } from './start-launch';
import { unknownInstance } from './unknown';

/** "Up to 1000 instance IDs" (EC2 API reference, TerminateInstances; the guides advise far fewer). */
const MAX_IDS = 1000;

function targets(ctx: HandlerContext, state: RegionState, input: Input): SimInstance[] {
  const ids = [...new Set(texts(input, 'InstanceIds'))];
  if (ids.length === 0) throw missing('InstanceIds');
  if (ids.length > MAX_IDS)
    throw new AwsError('RequestResourceCountExceeded', `At most ${MAX_IDS} instances per request.`);
  checkIds(ids, 'i', 'InvalidInstanceID.Malformed');
  const gone = ids.filter((id) => !state.instances.has(id));
  if (gone.length > 0) throw unknownInstance(gone);
  return ids.map((id) => find(ctx, state.instances, id, unknownInstance));
}

/** Runs `act` on each and lists the state before and after. */
function changes(instances: SimInstance[], act: (instance: SimInstance) => void): Record<string, unknown>[] {
  const view = (instance: SimInstance): { Name: InstanceState; Code: number } => {
    const name = stateAt(instance, Date.now());
    return { Name: name, Code: STATE_CODES[name] };
  };
  return instances.map((instance) => {
    const PreviousState = view(instance);
    act(instance);
    return { InstanceId: instance.id, PreviousState, CurrentState: view(instance) };
  });
}

const terminateInstances: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const instances = targets(ctx, state, input);
  const guarded = instances.filter((instance) => instance.terminationProtected && instance.terminatingAt === undefined);
  const zones = new Set(guarded.map(({ zone }) => zone));
  const doomed = instances.filter(({ zone }) => !zones.has(zone));
  payForInstances(ctx, 'TerminateInstances', doomed.length);
  const TerminatingInstances = changes(doomed, (instance) => {
    terminate(ctx.world, state, instance, BY_USER);
  });
  if (guarded[0]) throw mayNotBeTerminated(guarded[0]);
  return { TerminatingInstances };
};

/** The call is refused, and yet machines end in Availability Zones where none is protected (API reference). */
function mayNotBeTerminated({ id }: SimInstance): AwsError {
  return new AwsError(
    'OperationNotPermitted',
    `The instance '${id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
  );
}

function mustBe(instance: SimInstance, allowed: readonly InstanceState[], verb: string): void {
  if (allowed.includes(stateAt(instance, Date.now()))) return;
  throw new AwsError(
    'IncorrectInstanceState',
    `The instance '${instance.id}' is not in a state from which it can be ${verb}.`,
  );
}

const stopInstances: Handler = (input, ctx) => {
  const instances = targets(ctx, regionState(ctx), input);
  for (const instance of instances) {
    mustBe(instance, ['running', 'pending', 'stopping', 'stopped'], 'stopped');
    if (instance.market === 'spot') {
      throw new AwsError(
        'UnsupportedOperation',
        `You can't stop the Spot Instance '${instance.id}' because it is associated with a one-time Spot Instance request. You can only stop Spot Instances associated with persistent Spot Instance requests.`,
      );
    }
    if (instance.stopProtected) {
      throw new AwsError(
        'OperationNotPermitted',
        `The instance '${instance.id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`,
      );
    }
  }
  payForInstances(ctx, 'StopInstances', instances.length);
  const act = (instance: SimInstance): void => {
    if (['running', 'pending'].includes(stateAt(instance, Date.now()))) stop(ctx.world, instance, BY_USER);
  };
  return { StoppingInstances: changes(instances, act) };
};

const startInstances: Handler = (input, ctx) => {
  const { world, account } = ctx;
  const instances = targets(ctx, regionState(ctx), input);
  for (const instance of instances) mustBe(instance, ['stopped', 'running', 'pending'], 'started');
  const stopped = instances.filter((instance) => stateAt(instance, Date.now()) === 'stopped');
  for (const instance of stopped) {
    if (roomIn(world, poolOf(instance)) < 1) {
      throw new AwsError(
        'InsufficientInstanceCapacity',
        `Insufficient capacity for ${instance.instanceType} in ${instance.zone}.`,
        500,
      );
    }
    if (quotaLeft(world, account, poolOf(instance)) < instance.vcpus) {
      throw new AwsError(
        'VcpuLimitExceeded',
        'You have requested more vCPU capacity than your current vCPU limit allows.',
      );
    }
  }
  payForInstances(ctx, 'StartInstances', instances.length);
  return {
    StartingInstances: changes(instances, (instance) => {
      if (stopped.includes(instance)) start(world, instance);
    }),
  };
};

export const instanceStateOperations: Handlers = {
  TerminateInstances: terminateInstances,
  StopInstances: stopInstances,
  StartInstances: startInstances,
};
