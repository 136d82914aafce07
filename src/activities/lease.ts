/** How does a longer lease reach what is there already? Tags of everything an experiment owns, timers of its nodes. */
import { Context } from '@temporalio/activity';
import type { Cloud, CommandsPort } from '../aws/ports';
import { Failure } from '../contracts/failures';
import { DEAD_MAN_GRACE_SECONDS } from '../contracts/lease';
import { isOwned, TAG } from '../contracts/names';
import { deadManScript } from '../policy/dead-man';
import { beating } from './beating';
import { notReady } from './failure';
import { assertTarget, type Target } from './target';

export interface LeaseInput {
  target: Target;
  region: string;
  experimentId: string;
  /** ISO time of the new end. */
  expiresAt: string;
}

export interface RearmInput extends LeaseInput {
  /** Nodes whose timers are moved; those that the tags name when absent. */
  ids?: string[];
}

/** What became of the timers of a region. */
export interface Rearmed {
  armed: number;
  /** Instances whose timer still stands where it stood. */
  missed: string[];
}

/** Commands under way and what they brought; it travels in the heartbeat from try to try. */
interface Arming extends Rearmed {
  open: { commandId: string; ids: string[] }[];
}

/** SSM takes at most 50 instance ids in one SendCommand. */
const IDS_PER_COMMAND = 50;
/** Writing a file takes no time; an agent that has not answered by then is away. */
const COMMAND_SECONDS = 30;
const LOOK_MS = 500;
const PATIENCE_MS = 60_000;
/** Ids that CreateTags takes; what other services own is named by an ARN or a path. */
const EC2_ID = /^[a-z]+-[0-9a-f-]+$/;

export function createLeaseActivities({ cloud }: { cloud: Cloud }) {
  return {
    /** Writes the new end on everything of the experiment in a region that lacks it; answers how much that was. */
    async moveExpiry({ target, region, experimentId, expiresAt }: LeaseInput): Promise<number> {
      await assertTarget(cloud, target);
      return beating(async () => {
        const { resources, sources } = await cloud.inventory(region).discover(experimentId);
        const unread = sources.find((source) => source.unreadable !== undefined);
        if (unread !== undefined) {
          const type = unread.transient === true ? 'ServiceUnavailable' : 'NotAuthorized';
          throw new Failure(type, `${unread.api} in ${region}: ${unread.unreadable ?? ''}`);
        }
        const ids = resources
          .filter((one) => one.state === 'live' && isOwned(one.tags, experimentId) && EC2_ID.test(one.id))
          .filter((one) => one.tags[TAG.expiresAt] !== expiresAt)
          .map((one) => one.id);
        await cloud.compute(region).tag(ids, { [TAG.expiresAt]: expiresAt });
        return ids.length;
      });
    },

    /** Moves the dead-man timers of nodes to the new end. Until all have answered throws `NotReady`, for a minute at most. */
    async rearmNodes(input: RearmInput): Promise<Rearmed> {
      await assertTarget(cloud, input.target);
      const context = Context.current();
      let arming = context.info.heartbeatDetails as Arming | undefined;
      arming = await beating(
        async () => {
          arming ??= await begin(cloud, input);
          context.heartbeat(arming);
          return look(cloud.commands(input.region), arming);
        },
        () => arming,
      );
      context.heartbeat(arming);
      const { armed, missed, open } = arming;
      const waiting = open.flatMap(({ ids }) => ids);
      const isLate = Date.now() - context.info.scheduledTimestampMs > PATIENCE_MS;
      if (waiting.length === 0 || isLate) return { armed, missed: [...missed, ...waiting] };
      throw notReady(`${String(armed)} timers moved, ${String(waiting.length)} under way`, LOOK_MS);
    },
  };
}

export type LeaseActivities = ReturnType<typeof createLeaseActivities>;

async function begin(cloud: Cloud, { region, experimentId, expiresAt, ids }: RearmInput): Promise<Arming> {
  const commands = cloud.commands(region);
  const nodes = ids ?? (await cloud.compute(region).ofExperiment(experimentId)).map((node) => node.instanceId);
  const online = new Set(nodes.length === 0 ? [] : (await commands.online(nodes)).map((agent) => agent.instanceId));
  const script = deadManScript(Date.parse(expiresAt) / 1000 + DEAD_MAN_GRACE_SECONDS);
  const reached = nodes.filter((id) => online.has(id));
  const open: Arming['open'] = [];
  for (let start = 0; start < reached.length; start += IDS_PER_COMMAND) {
    const batch = reached.slice(start, start + IDS_PER_COMMAND);
    const comment = 'holdfast move the dead-man timer';
    open.push({
      commandId: await commands.send({ ids: batch, script, timeoutSeconds: COMMAND_SECONDS, comment }),
      ids: batch,
    });
  }
  return { open, armed: 0, missed: nodes.filter((id) => !online.has(id)) };
}

async function look(commands: CommandsPort, before: Arming): Promise<Arming> {
  const next: Arming = { open: [], armed: before.armed, missed: [...before.missed] };
  for (const { commandId, ids } of before.open) {
    const seen = await commands.invocations(commandId);
    const waiting = ids.filter((id) => {
      const status = seen.find((one) => one.instanceId === id)?.status ?? 'Pending';
      if (['Pending', 'InProgress', 'Delayed', 'Cancelling'].includes(status)) return true;
      if (status === 'Success') next.armed += 1;
      else next.missed.push(id);
      return false;
    });
    if (waiting.length > 0) next.open.push({ commandId, ids: waiting });
  }
  return next;
}
