/** Which operations of the Resource Groups Tagging API does the simulator answer? */
import type { Handlers } from '../world/state';
import { getResources } from './get-resources';
import { tagResources, untagResources } from './write';

export const taggingOperations: Handlers = {
  GetResources: getResources,
  TagResources: tagResources,
  UntagResources: untagResources,
};
