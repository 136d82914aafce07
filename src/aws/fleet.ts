/** How are many nodes bought over many pools in one call? */
import { CreateFleetCommand, RunInstancesCommand } from '@aws-sdk/client-ec2';
import type { CreateFleetCommandInput, ResourceType } from '@aws-sdk/client-ec2';
import { Failure } from '../contracts/failures';
import { classify, isOutcome } from '../policy/refusals';
import type { AwsRegion } from './clients';
import { hasCode } from './errors';
import { readReply, refusedWhole } from './fleet-reply';
import type { Call, FleetReply, FleetRequest } from './ports';
import { toTags } from './tags';

/** AWS's answer to a dry run that would have been allowed. Source: EC2 API errors overview. */
const ALLOWED = 'DryRunOperation';
/**
 * What an instant fleet tags at launch. Not spot requests: CreateFleet refuses that type.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFleet.html
 */
const TAGGED: ResourceType[] = ['instance', 'volume', 'network-interface', 'fleet'];

/**
 * Partial success is a reply. Refusals for want of capacity, offering, quota or price are part of it too, also when
 * AWS refused the request as a whole; what is left to throw concerns the caller or asks for a retry with the token.
 */
export async function createFleet(aws: AwsRegion, request: FleetRequest, call: Call = {}): Promise<FleetReply> {
  const command = new CreateFleetCommand({ ...fleetInput(request), ClientToken: request.clientToken });
  try {
    return readReply(await aws.send(command, call), request, aws.region);
  } catch (error) {
    const refusals = error instanceof Failure ? refusedWhole(error, request, aws.region) : undefined;
    if (refusals === undefined) throw error;
    return { nodes: [], refusals };
  }
}

/** The request as AWS gets it, but for its token. */
function fleetInput(request: FleetRequest): Omit<CreateFleetCommandInput, 'ClientToken'> {
  const { market, allocation, pools, count, templateName, tags } = request;
  return {
    Type: 'instant',
    LaunchTemplateConfigs: [
      {
        LaunchTemplateSpecification: { LaunchTemplateName: templateName, Version: '$Default' },
        Overrides: pools.map(({ zone, subnetId, instanceType, imageId }) => ({
          // The zone says again what the subnet implies, so that an error names it.
          AvailabilityZone: zone,
          SubnetId: subnetId,
          InstanceType: instanceType as never,
          ImageId: imageId,
        })),
      },
    ],
    TargetCapacitySpecification: { TotalTargetCapacity: count, DefaultTargetCapacityType: market },
    ...(market === 'spot'
      ? { SpotOptions: { AllocationStrategy: allocation, InstanceInterruptionBehavior: 'terminate' } }
      : { OnDemandOptions: { AllocationStrategy: 'lowest-price' } }),
    TagSpecifications: TAGGED.map((ResourceType) => ({ ResourceType, Tags: toTags(tags) })),
  };
}

/**
 * Two dry runs: one for the permission to create fleets, one for what a fleet does inside (launching on these
 * resources, with these tags, passing the profile's role). AWS promises a check of permissions and no more; nothing
 * is learnt about capacity.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
 */
export async function rehearseFleet(aws: AwsRegion, request: FleetRequest, call: Call = {}): Promise<void> {
  const [pool] = request.pools;
  await allowed(aws.send(new CreateFleetCommand({ ...fleetInput(request), DryRun: true }), call));
  if (pool === undefined) return;
  const instance = new RunInstancesCommand({
    LaunchTemplate: { LaunchTemplateName: request.templateName, Version: '$Default' },
    InstanceType: pool.instanceType as never,
    ImageId: pool.imageId,
    SubnetId: pool.subnetId,
    MinCount: 1,
    MaxCount: 1,
    ...(request.market === 'spot' ? { InstanceMarketOptions: { MarketType: 'spot' } } : {}),
    TagSpecifications: [{ ResourceType: 'instance', Tags: toTags(request.tags) }],
    DryRun: true,
  });
  await allowed(aws.send(instance, call));
}

/** A dry run always ends in an error. Refusals of one pool are the launch's to report, which has others to try. */
async function allowed(dryRun: Promise<unknown>): Promise<void> {
  try {
    await dryRun;
  } catch (error) {
    if (hasCode(error, ALLOWED)) return;
    const code = error instanceof Failure ? error.details['code'] : undefined;
    if (typeof code !== 'string') throw error;
    if (!isOutcome(classify(code).class)) throw error;
  }
}
