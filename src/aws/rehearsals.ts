/** May this account make what an experiment needs? Dry runs of creations: they check permissions and make nothing. */
import { CreateLaunchTemplateCommand, CreateSecurityGroupCommand, CreateVolumeCommand } from '@aws-sdk/client-ec2';
import type { AwsRegion } from './clients';
import { hasCode } from './errors';
import type { Call, Rehearsal, RehearsalRequest } from './ports';
import { toTags } from './tags';

/** The error in which a dry run that would have succeeded ends. Source: EC2 API reference, "Common parameters". */
const ALLOWED = 'DryRunOperation';
const NAME = 'holdfast-doctor';

/** One answer per operation; the policy's conditions read the tags, so they are the ones of an experiment. */
export async function rehearseCreations(
  aws: AwsRegion,
  { vpcId, zone, tags }: RehearsalRequest,
  call: Call = {},
): Promise<Rehearsal[]> {
  const tagged = <T extends string>(ResourceType: T): { ResourceType: T; Tags: ReturnType<typeof toTags> }[] => [
    { ResourceType, Tags: toTags(tags) },
  ];
  const group = new CreateSecurityGroupCommand({
    ...{ GroupName: NAME, Description: NAME, VpcId: vpcId, DryRun: true },
    TagSpecifications: tagged('security-group'),
  });
  const template = new CreateLaunchTemplateCommand({
    ...{ LaunchTemplateName: NAME, LaunchTemplateData: { InstanceType: 't3.micro' }, DryRun: true },
    TagSpecifications: tagged('launch-template'),
  });
  const volume = new CreateVolumeCommand({
    ...{ AvailabilityZone: zone, Size: 1, VolumeType: 'gp3', DryRun: true },
    TagSpecifications: tagged('volume'),
  });
  return Promise.all([
    rehearsed('CreateSecurityGroup', aws.send(group, call)),
    rehearsed('CreateLaunchTemplate', aws.send(template, call)),
    rehearsed('CreateVolume', aws.send(volume, call)),
  ]);
}

async function rehearsed(operation: string, dryRun: Promise<unknown>): Promise<Rehearsal> {
  try {
    await dryRun;
    return { operation };
  } catch (error) {
    if (hasCode(error, ALLOWED)) return { operation };
    return { operation, refused: error instanceof Error ? error.message : String(error) };
  }
}
