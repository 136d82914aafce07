/** Launching and watching instances of one region: the port, put together from its parts. */
import type { AwsRegion } from './clients';
import { createFleet, rehearseFleet } from './fleet';
import { findImage } from './images';
import { troubles } from './instance-status';
import {
  describeInstances,
  launchedBy,
  ofExperiment,
  ofInstallation,
  tagResources,
  terminateInstances,
} from './instances';
import { instanceTypes, offerings } from './instance-types';
import { allowFrom, ensureSecurityGroup, securityGroups, subnets, vpcs } from './network';
import { onDemandPrice } from './on-demand-prices';
import { ensureNetwork } from './own-network';
import type { ComputePort } from './ports';
import { rehearseCreations } from './rehearsals';
import { spotPrices } from './spot-prices';
import { spotStatuses } from './spot-requests';
import { ensureTemplate } from './templates';

export function createCompute(aws: AwsRegion): ComputePort {
  return {
    instanceTypes: (types, call) => instanceTypes(aws, types, call),
    offerings: (types, call) => offerings(aws, types, call),
    subnets: (ids, call) => subnets(aws, ids, call),
    image: (source, architecture, call) => findImage(aws, source, architecture, call),
    spotPrices: (types, call) => spotPrices(aws, types, call),
    onDemandPrice: (instanceType) => onDemandPrice(aws.region, instanceType),
    ensureSecurityGroup: (request, call) => ensureSecurityGroup(aws, request, call),
    allowFrom: (groupId, fromIds, call) => allowFrom(aws, groupId, fromIds, call),
    vpcs: (ids, call) => vpcs(aws, ids, call),
    securityGroups: (ids, call) => securityGroups(aws, ids, call),
    ensureNetwork: (request, call) => ensureNetwork(aws, request, call),
    ensureTemplate: (request, call) => ensureTemplate(aws, request, call),
    rehearseFleet: (request, call) => rehearseFleet(aws, request, call),
    rehearseCreations: (request, call) => rehearseCreations(aws, request, call),
    fleet: (request, call) => createFleet(aws, request, call),
    launchedBy: (launchId, call) => launchedBy(aws, launchId, call),
    ofExperiment: (experimentId, call) => ofExperiment(aws, experimentId, call),
    ofInstallation: (installation, call) => ofInstallation(aws, installation, call),
    troubles: (call) => troubles(aws, call),
    instances: (ids, call) => describeInstances(aws, ids, call),
    spotStatuses: (ids, call) => spotStatuses(aws, ids, call),
    terminate: (ids, call) => terminateInstances(aws, ids, call),
    tag: (ids, tags, call) => tagResources(aws, ids, tags, call),
  };
}
