/** How does a machine come to be? With its interface, its volumes and its spot request, all in one step. */
import { omit } from '../omit';
import { emitStart } from './events';
import { endAt } from './lifecycle';
import { newId, newUuid } from './ids';
import { findImage } from './images';
import { formatIp, takeAddress } from './network';
import { covers, poolOf } from './pool';
import { occupy } from './pools';
import { addResource, newResource } from './resources';
import { beginWeather } from './storms';
import type {
  HandlerContext,
  Market,
  RegionState,
  SimInstance,
  SimNetworkInterface,
  SimSpotRequest,
  SimSubnet,
  SimVolume,
  Tags,
} from './state';

export interface BlockDevice {
  deviceName: string;
  size: number;
  volumeType: string;
  iops?: number;
  throughput?: number;
  encrypted: boolean;
  snapshotId: string;
  deleteOnTermination: boolean;
}

/** Everything that makes a machine, resolved and checked: nothing of it can be refused any more but for lack of addresses. */
export interface LaunchOrder {
  imageId: string;
  instanceType: string;
  market: Market;
  hourlyPriceUsd: number;
  maxPrice: string;
  subnet: SimSubnet;
  securityGroupIds: string[];
  publicIp: boolean;
  interfaceId?: string;
  profileArn?: string;
  keyName?: string;
  userData?: string;
  clientToken?: string;
  placementGroup?: string;
  devices: BlockDevice[];
  tags: { instance: Tags; volume: Tags; 'network-interface': Tags; 'spot-instances-request': Tags };
  shutdownBehavior: 'stop' | 'terminate';
  terminationProtected: boolean;
  stopProtected: boolean;
  ebsOptimized: boolean;
  launchTemplate?: { id: string; name: string; version: string };
  fleetId?: string;
  reservationId: string;
  launchIndex: number;
  /** What the call itself took, for the ledger. */
  launchCallMs: number;
}

export function launch(ctx: HandlerContext, state: RegionState, order: LaunchOrder): SimInstance {
  const eni = interfaceFor(ctx, state, order);
  const instance = addResource(state, machineFor(ctx, order, eni));
  eni.attachment = {
    attachmentId: newId(ctx.world, 'eni-attach'),
    instanceId: instance.id,
    deviceIndex: 0,
    attachedAt: instance.createdAt,
    deleteOnTermination: order.interfaceId === undefined,
  };
  for (const device of order.devices) attachNewVolume(ctx, state, order, instance, device);
  if (order.market === 'spot') instance.spotRequestId = spotRequestFor(ctx, state, order, instance).id;
  occupy(ctx.world, instance);
  emitStart(ctx.world, instance);
  failIfPlanned(ctx, state, instance);
  beginWeather(ctx.world);
  return instance;
}

function machineFor(ctx: HandlerContext, order: LaunchOrder, eni: SimNetworkInterface): SimInstance {
  const { world } = ctx;
  const { delays } = world.scenario;
  const facts = world.scenario.instanceTypes[order.instanceType];
  const base = newResource(ctx, 'instance', newId(world, 'i'), order.tags.instance);
  const pendingToRunning = world.random.between(delays.pendingToRunning);
  const runningToAgent = world.random.between(delays.runningToAgent);
  const runningAt = base.createdAt + pendingToRunning;
  const { subnet, publicIp, launchCallMs } = order;
  return {
    ...base,
    ...omit(order, 'subnet', 'tags', 'devices', 'publicIp', 'interfaceId', 'maxPrice', 'launchCallMs'),
    draws: { ...base.draws, launchCall: launchCallMs, pendingToRunning, runningToAgent },
    instanceId: base.id,
    zone: subnet.zone,
    subnetId: subnet.id,
    vpcId: subnet.vpcId,
    architecture: findImage(world, ctx.region, order.imageId)?.arch ?? facts?.arch ?? 'x86_64',
    vcpus: facts?.vcpus ?? 0,
    privateIp: eni.privateIp,
    ...(publicIp ? { publicIp: `54.${Math.floor(world.random.next() * 60) + 180}.${lastOctets(eni.privateIp)}` } : {}),
    networkInterfaceIds: [eni.id],
    volumes: [],
    sourceDestCheck: true,
    pendingAt: base.createdAt,
    runningAt,
    ...(order.profileArn === undefined ? {} : { agentOnlineAt: runningAt + runningToAgent }),
  };
}

function lastOctets(ip: string): string {
  return ip.split('.').slice(2).join('.');
}

/** With real processes a node listens on its own loopback address; else it has one of its subnet. */
function interfaceFor(ctx: HandlerContext, state: RegionState, order: LaunchOrder): SimNetworkInterface {
  const given = order.interfaceId === undefined ? undefined : state.networkInterfaces.get(order.interfaceId);
  if (given) return given;
  const subnetIp = takeAddress(order.subnet);
  return addResource<SimNetworkInterface>(state, {
    ...newResource(ctx, 'network-interface', newId(ctx.world, 'eni'), order.tags['network-interface']),
    zone: order.subnet.zone,
    subnetId: order.subnet.id,
    vpcId: order.subnet.vpcId,
    privateIp: ctx.world.exec ? formatIp(ctx.world.nextNodeAddress++) : subnetIp,
    subnetAddress: subnetIp,
    description: '',
    securityGroupIds: order.securityGroupIds,
  });
}

function attachNewVolume(
  ctx: HandlerContext,
  state: RegionState,
  order: LaunchOrder,
  instance: SimInstance,
  device: BlockDevice,
): void {
  const { deviceName, deleteOnTermination, ...facts } = device;
  const base = newResource(ctx, 'volume', newId(ctx.world, 'vol'), order.tags.volume);
  const attachedAt = base.createdAt;
  addResource<SimVolume>(state, {
    ...base,
    ...facts,
    zone: instance.zone,
    availableAt: attachedAt,
    attachment: { instanceId: instance.id, device: deviceName, attachedAt, deleteOnTermination },
  });
  instance.volumes.push({ deviceName, volumeId: base.id, deleteOnTermination, attachedAt });
}

function spotRequestFor(
  ctx: HandlerContext,
  state: RegionState,
  order: LaunchOrder,
  instance: SimInstance,
): SimSpotRequest {
  // Spot request ids are shorter than others and have their own form: `sir-` and eight characters.
  const id = `sir-${newUuid(ctx.world).slice(0, 8)}`;
  return addResource<SimSpotRequest>(state, {
    ...newResource(ctx, 'spot-instances-request', id, order.tags['spot-instances-request']),
    zone: instance.zone,
    instanceId: instance.id,
    maxPrice: order.maxPrice,
  });
}

/** Lets the machine die halfway through pending when the scenario says so: the refusal that comes after a good launch. */
function failIfPlanned(ctx: HandlerContext, state: RegionState, instance: SimInstance): void {
  const { world } = ctx;
  const at = world.scenario.launchFailures.findIndex(
    (rule, index) => covers(rule, poolOf(instance)) && (world.launchFailures[index] ?? 0) < (rule.times ?? Infinity),
  );
  const rule = world.scenario.launchFailures[at];
  if (!rule) return;
  world.launchFailures[at] = (world.launchFailures[at] ?? 0) + 1;
  instance.stateReason = { code: rule.code, message: rule.message ?? rule.code };
  const diesAt = instance.pendingAt + Math.round((instance.runningAt - instance.pendingAt) / 2);
  Reflect.deleteProperty(instance, 'agentOnlineAt');
  endAt(world, state, instance, diesAt);
}
