/** What does a node look like, whatever its pool? The launch template of a component. */
import { CreateLaunchTemplateCommand, DescribeLaunchTemplatesCommand } from '@aws-sdk/client-ec2';
import type {
  LaunchTemplateBlockDeviceMappingRequest,
  RequestLaunchTemplateData,
  VolumeType,
} from '@aws-sdk/client-ec2';
import { Failure } from '../contracts/failures';
import { isOwned, TAG } from '../contracts/names';
import type { AwsRegion } from './clients';
import { hasCode } from './errors';
import type { Call, TemplateRequest } from './ports';
import { fromTags, toTags } from './tags';
import { untilVisible } from './visible';

/** Name of the exception AWS gives when a template of that name exists. Source: EC2 API errors overview. */
const NAME_TAKEN = 'InvalidLaunchTemplateName.AlreadyExistsException';

/** Resolves when launches can use it. Rejects with `NotOurs` when the name is taken by a template without this experiment's tags. */
export async function ensureTemplate(aws: AwsRegion, request: TemplateRequest, call: Call = {}): Promise<void> {
  try {
    await aws.send(
      new CreateLaunchTemplateCommand({
        LaunchTemplateName: request.name,
        LaunchTemplateData: templateData(request),
        TagSpecifications: [{ ResourceType: 'launch-template', Tags: toTags(request.tags) }],
      }),
      call,
    );
  } catch (error) {
    if (!hasCode(error, NAME_TAKEN)) throw error;
    await checkOwned(aws, request, call);
    return;
  }
  await untilVisible(() => isListed(aws, request.name, call), call);
}

async function isListed(aws: AwsRegion, name: string, call: Call): Promise<boolean> {
  const Filters = [{ Name: 'launch-template-name', Values: [name] }];
  const { LaunchTemplates } = await aws.send(new DescribeLaunchTemplatesCommand({ Filters, MaxResults: 5 }), call);
  return (LaunchTemplates ?? []).length > 0;
}

async function checkOwned(aws: AwsRegion, request: TemplateRequest, call: Call): Promise<void> {
  const { LaunchTemplates } = await aws.send(
    new DescribeLaunchTemplatesCommand({ LaunchTemplateNames: [request.name] }),
    call,
  );
  const template = LaunchTemplates?.[0];
  if (template === undefined) {
    throw new Failure('NotYetVisible', `Launch template ${request.name} exists but is not readable yet`);
  }
  if (isOwned(fromTags(template.Tags), request.tags[TAG.experimentId] ?? '')) return;
  const text = `Launch template ${request.name} exists and is not this experiment's`;
  throw new Failure('NotOurs', text, { id: template.LaunchTemplateId ?? request.name });
}

/**
 * No type, image or subnet: those belong to the pool and come with the launch. No tags either: the launch carries
 * them, and a tag specification for spot requests would make an on-demand launch fail.
 */
export function templateData(request: TemplateRequest): RequestLaunchTemplateData {
  const data: RequestLaunchTemplateData = {
    SecurityGroupIds: request.securityGroupIds,
    // IMDSv2 only; the second hop lets containers on the node reach it.
    MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2, HttpEndpoint: 'enabled' },
    // A node that shuts itself down ends, so that nothing stopped is left to pay for.
    InstanceInitiatedShutdownBehavior: 'terminate',
    BlockDeviceMappings: request.volumes.map((volume) => blockDevice(volume)),
  };
  if (request.instanceProfile !== undefined) data.IamInstanceProfile = profile(request.instanceProfile);
  if (request.userData !== undefined) data.UserData = Buffer.from(request.userData, 'utf8').toString('base64');
  if (request.keyName !== undefined) data.KeyName = request.keyName;
  return data;
}

function profile(nameOrArn: string): { Arn: string } | { Name: string } {
  return nameOrArn.startsWith('arn:') ? { Arn: nameOrArn } : { Name: nameOrArn };
}

function blockDevice(volume: TemplateRequest['volumes'][number]): LaunchTemplateBlockDeviceMappingRequest {
  return {
    DeviceName: volume.device,
    Ebs: {
      VolumeSize: volume.sizeGiB,
      VolumeType: volume.type as VolumeType,
      DeleteOnTermination: !volume.keep,
      ...(volume.iops === undefined ? {} : { Iops: volume.iops }),
      ...(volume.throughputMBps === undefined ? {} : { Throughput: volume.throughputMBps }),
    },
  };
}
