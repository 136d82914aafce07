/** How are tags written through the tagging API? Up to 20 ARNs a call; HTTP 200 even when some of them fail. */
import { AwsError } from '../errors';
import { arnOf, removeTags, setTags } from '../world/resources';
import type { Handler, HandlerContext, RegionState, SimResource } from '../world/state';
import { regionState } from '../world/world';
import { checkCount, checkTag, invalid } from './limits';

/** API reference: TagResources and UntagResources take 1 to 20 ARNs, 1 to 50 tags. */
const MAX_ARNS = 20;
const MAX_TAGS = 50;

export const tagResources: Handler = (input, ctx) => {
  const arns = readArns(input);
  const tags = (input['Tags'] ?? {}) as Record<string, string>;
  checkCount('Tags', Object.keys(tags), MAX_TAGS, 1);
  for (const [key, value] of Object.entries(tags)) checkTag(key, value);
  return forEach(ctx, arns, (state, resource) => setTags(ctx.world, state, resource, tags));
};

/** Keys that a resource does not have are no error. */
export const untagResources: Handler = (input, ctx) => {
  const arns = readArns(input);
  const keys = (input['TagKeys'] ?? []) as string[];
  checkCount('TagKeys', keys, MAX_TAGS, 1);
  for (const key of keys) checkTag(key);
  return forEach(ctx, arns, (state, resource) => removeTags(ctx.world, state, resource, keys));
};

function readArns(input: Record<string, unknown>): string[] {
  const arns = (input['ResourceARNList'] ?? []) as string[];
  checkCount('ResourceARNList', arns, MAX_ARNS, 1);
  const bad = arns.find((arn) => !arn.startsWith('arn:'));
  if (bad !== undefined) throw invalid(`'${bad}' is not an ARN`);
  return arns;
}

function forEach(
  ctx: HandlerContext,
  arns: string[],
  write: (state: RegionState, resource: SimResource) => void,
): Record<string, unknown> {
  const state = regionState(ctx);
  const failed: Record<string, unknown> = {};
  for (const arn of arns) {
    try {
      write(state, find(ctx, state, arn));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      failed[arn] = { StatusCode: 400, ErrorCode: 'InvalidParameterException', ErrorMessage: error.message };
    }
  }
  return { FailedResourcesMap: failed };
}

function find({ account, region }: HandlerContext, state: RegionState, arn: string): SimResource {
  const id = arn.slice(arn.indexOf('/') + 1);
  const resource = state.all.get(id) ?? state.all.get(`/${id}`);
  const live = resource && resource.endedAt === undefined && resource.type !== 'step' && arnOf(resource) === arn;
  if (!live) throw invalid(`No resource ${arn} in account ${account} and region ${region}`);
  return resource;
}
