/** What would EventBridge have delivered? Every event of the account in its order of delivery, in AWS's own shape. */
import { createHash } from 'node:crypto';
import { hashed } from '../random';
import { plan } from './agenda';
import { stateAt } from './instance';
import type { InstanceState, SimInstance, World } from './state';

/** "EventBridge event structure reference"; `time` has whole seconds, as AWS's has. */
export interface SimEvent {
  version: '0';
  id: string;
  'detail-type': string;
  source: 'aws.ec2';
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: Record<string, unknown>;
}

type Facts = Pick<SimEvent, 'detail-type' | 'resources' | 'detail'>;

/** The warning's ARN really has the zone in place of region and account (EC2 user guide, "Spot Instance interruption notices"). */
export function emitInterruptionWarning(world: World, instance: SimInstance): void {
  emit(world, instance, Date.now(), {
    'detail-type': 'EC2 Spot Instance Interruption Warning',
    resources: [`arn:aws:ec2:${instance.zone}:instance/${instance.id}`],
    detail: { 'instance-id': instance.id, 'instance-action': 'terminate' },
  });
}

/** Its ARN has no account (EC2 user guide, "EC2 instance rebalance recommendations"). */
export function emitRebalance(world: World, instance: SimInstance): void {
  emit(world, instance, Date.now(), {
    'detail-type': 'EC2 Instance Rebalance Recommendation',
    resources: [`arn:aws:ec2:${instance.region}:instance/${instance.id}`],
    detail: { 'instance-id': instance.id },
  });
}

export function emitState(world: World, instance: SimInstance, state: InstanceState, at = Date.now()): void {
  emit(world, instance, at, {
    'detail-type': 'EC2 Instance State-change Notification',
    resources: [`arn:aws:ec2:${instance.region}:${instance.account}:instance/${instance.id}`],
    detail: { 'instance-id': instance.id, state },
  });
}

/** Tells of the start: pending now, and running later if nothing comes between. */
export function emitStart(world: World, instance: SimInstance): void {
  const { runningAt } = instance;
  emitState(world, instance, 'pending');
  plan(world.agenda, runningAt, () => {
    if (instance.runningAt === runningAt && stateAt(instance, runningAt) === 'running')
      emitState(world, instance, 'running', runningAt);
  });
}

/** The lag depends on the event alone, so that events do not shift what is drawn for machines. */
function emit(world: World, instance: SimInstance, at: number, facts: Facts): void {
  const [min, max] = world.scenario.delays.eventDelivery;
  const lag = Math.round(min + hashed(world.seed, instance.id, facts['detail-type'], at) * (max - min));
  const deliver = (): void => {
    world.events.push({
      version: '0',
      id: eventId(world),
      'detail-type': facts['detail-type'],
      source: 'aws.ec2',
      account: instance.account,
      time: `${new Date(at).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length)}Z`,
      region: instance.region,
      resources: facts.resources,
      detail: facts.detail,
    });
  };
  if (lag === 0) deliver();
  else plan(world.agenda, at + lag, deliver);
}

function eventId(world: World): string {
  const hex = createHash('sha256').update(`${world.seed}/${world.epoch}/${world.events.length}`).digest('hex');
  return [0, 8, 12, 16, 20].map((from, index) => hex.slice(from, [8, 12, 16, 20, 32][index])).join('-');
}
