/** Which tags are on what SSM keeps? On parameters alone here, named by ResourceType and ResourceId. */
import { AwsError } from '../errors';
import { removeTags, setTags } from '../world/resources';
import type { Handler, HandlerContext, SimParameter, Tags } from '../world/state';
import { regionState } from '../world/world';
import { checkLimits } from './limits';

export interface Tag {
  Key: string;
  Value: string;
}

/** AddTagsToResource: keys of 1 to 128 characters, values up to 256. */
export function tagsOf(list: readonly Tag[]): Tags {
  for (const tag of list) checkLimits({ ...tag }, { Key: { min: 1, max: 128 }, Value: { max: 256 } });
  return Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]));
}

function resourceOf(ctx: HandlerContext, input: Record<string, unknown>): SimParameter {
  if (input['ResourceType'] !== 'Parameter') throw new AwsError('InvalidResourceType', '');
  const found = regionState(ctx).parameters.get(String(input['ResourceId']));
  if (!found) throw new AwsError('InvalidResourceId', '');
  return found;
}

export const addTagsToResource: Handler = (input, ctx) => {
  setTags(ctx.world, regionState(ctx), resourceOf(ctx, input), tagsOf((input['Tags'] ?? []) as Tag[]));
  return {};
};

export const removeTagsFromResource: Handler = (input, ctx) => {
  removeTags(ctx.world, regionState(ctx), resourceOf(ctx, input), (input['TagKeys'] ?? []) as string[]);
  return {};
};

export const listTagsForResource: Handler = (input, ctx) => {
  const { tags } = resourceOf(ctx, input);
  return { TagList: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
};
