/** What must a region hold before nodes can be launched there? Security groups, launch templates, and permission. */
import { Context } from '@temporalio/activity';
import type { ComputePort, TemplateRequest } from '../aws/ports';
import type { RegionSurvey } from '../contracts/capacity';
import { Failure } from '../contracts/failures';
import { DEAD_MAN_GRACE_SECONDS } from '../contracts/lease';
import { ownershipTags, TAG, type Ownership } from '../contracts/names';
import { withDeadMan } from '../policy/dead-man';
import { bareTemplate, following, shapeOf, withDevices, type FollowingVolume } from '../policy/volumes';
import type { ExperimentSpec } from '../schemas/experiment';
import { ensureGroups } from './groups';
import { hash } from './launch';
import type { Target } from './target';

export interface PrepareInput {
  target: Target;
  region: string;
  spec: ExperimentSpec;
  ownership: Ownership;
  survey: RegionSurvey;
}

export async function prepareRegion(compute: ComputePort, input: PrepareInput): Promise<Record<string, string>> {
  const { spec, ownership } = input;
  const tags = ownershipTags(ownership);
  // AWS names allow fewer characters than experiment ids do, hence the hash.
  const prefix = `holdfast-${shortHash(`${ownership.installation}/${ownership.experimentId}`)}`;
  const groups = await ensureGroups(compute, { spec, vpcId: input.survey.vpcId, prefix, tags });
  const templates: Record<string, string> = {};
  const making = Object.entries(spec.components).map(async ([name, part]) => {
    const templateName = `${prefix}-${name}`;
    const volumes = withDevices(part);
    const request = {
      name: templateName,
      securityGroupIds: groups[name] ?? [],
      volumes: templateVolumes(volumes),
      tags: { ...tags, [TAG.component]: name },
      ...optional('instanceProfile', part.instanceProfile ?? spec.instanceProfile),
      userData: withDeadMan(part.userData, spec.lease + DEAD_MAN_GRACE_SECONDS),
    };
    await compute.ensureTemplate(request);
    templates[name] = templateName;
    if (following(part).length === 0) return;
    const bare = bareTemplate(name);
    const ending = volumes.filter((volume) => volume.follows === 'node');
    await compute.ensureTemplate({ ...request, name: `${prefix}-${bare}`, volumes: templateVolumes(ending) });
    templates[bare] = `${prefix}-${bare}`;
  });
  await Promise.all(making);
  await rehearse(compute, input, templates, tags);
  return templates;
}

/** Asks for one node without buying it: a missing permission shows now, not after the first components are paid for. */
async function rehearse(
  compute: ComputePort,
  { spec, survey }: PrepareInput,
  templates: Record<string, string>,
  tags: Record<string, string>,
): Promise<void> {
  for (const [name, part] of Object.entries(spec.components).slice(0, 1)) {
    const offer = survey.offers.find((entry) => part.instanceTypes.includes(entry.instanceType));
    const imageId = offer === undefined ? undefined : survey.images[name]?.[offer.architecture];
    if (offer === undefined || imageId === undefined) continue;
    const request = {
      templateName: templates[name] ?? '',
      market: (part.market ?? spec.market) === 'on-demand' ? ('on-demand' as const) : ('spot' as const),
      allocation: 'price-capacity-optimized' as const,
      pools: [{ ...offer, imageId }],
      count: 1,
      tags,
    };
    await compute.rehearseFleet({ ...request, clientToken: hash(JSON.stringify(request)) });
  }
}

function templateVolumes(volumes: FollowingVolume[]): TemplateRequest['volumes'] {
  return volumes.map((volume) => ({
    device: volume.device,
    keep: volume.follows === 'slot',
    ...shapeOf(volume),
  }));
}

/**
 * EC2 and IAM show what was just made within seconds. What is unknown after this many looks, a second apart, does not
 * exist: a mistyped instance profile, which would otherwise be waited for until the lease ends.
 */
const LOOKS_FOR_NEW = 30;

/** Whether what was just made still does not show, and never will. */
export function isMissing(error: unknown): error is Failure {
  return error instanceof Failure && error.type === 'NotYetVisible' && Context.current().info.attempt >= LOOKS_FOR_NEW;
}

function shortHash(text: string): string {
  return hash(text).slice(0, 16); // 64 bits: no two experiments of an account will ever share a name
}

function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}
