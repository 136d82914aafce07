/** How does a test put into the tag index what the simulator does not play? By ARN and tags; again with `gone` it ends. */
import { arnOf, addResource, endResource, newResource, setTags } from '../world/resources';
import type { SimForeign, Tags, World } from '../world/state';
import { regionState } from '../world/world';
import { checkBody, ControlError, type Control } from './input';

/** `arn:aws:SERVICE:REGION:ACCOUNT:TYPE/ID`, or TYPE:ID. */
const ARN = /^arn:aws:[a-z0-9-]+:([a-z0-9-]+):(\d{12})?:([^/:]+[/:])?(.+)$/;

function placeForeign(world: World, arn: string, tags: Tags): void {
  const [, region = '', account = world.account, , id = ''] = ARN.exec(arn) ?? [];
  if (!world.scenario.regions[region])
    throw new ControlError(400, `foreign: arn must be an ARN of a region of the scenario, got ${JSON.stringify(arn)}`);
  const ctx = { world, region, account };
  const state = regionState(ctx);
  const there = [...state.all.values()].find((one) => one.endedAt === undefined && arnOf(one) === arn);
  if (there) setTags(world, state, there, tags);
  else addResource<SimForeign>(state, { ...newResource(ctx, 'foreign', id, tags), arn, furniture: true });
}

function endForeign(world: World, arn: string): void {
  for (const state of world.regions.values()) {
    const there = [...state.all.values()].find(
      (one) => one.type === 'foreign' && one.endedAt === undefined && arnOf(one) === arn,
    );
    if (there) {
      endResource(state, there);
      return;
    }
  }
  throw new ControlError(404, `foreign: there is no ${arn}`);
}

export const foreignControls: Record<string, Control> = {
  foreign: (world, body) => {
    checkBody('foreign', body, { arn: 'text', 'tags?': 'any', 'gone?': 'flag' });
    const { arn, tags, gone } = body as { arn: string; tags?: Tags; gone?: boolean };
    if (gone === true) endForeign(world, arn);
    else placeForeign(world, arn, tags ?? {});
    return { ok: true, arn };
  },
};
