/** What lives in an account, and what runs it? The looks of the reaper, which change nothing. */
import { Context } from '@temporalio/activity';
import type { Cloud, DiscoverySource } from '../aws/ports';
import { Failure } from '../contracts/failures';
import type { FoundExperiment, WorkflowStanding } from '../contracts/reaper';
import { experimentsIn } from '../policy/reaper';
import { parseWith } from '../schemas/parse';
import { reaperSchema, type ReaperOptions } from '../schemas/reaper';
import { beating } from './beating';
import { invalidInput } from './failure';
import { assertTarget, type Target } from './target';
import type { TemporalPort } from './temporal-port';

/** What a round may build on. */
export interface ReaperPlan extends Omit<ReaperOptions, 'target' | 'regions'> {
  target: Target;
  installation: string;
  regions: string[];
  /** False when only some regions were asked for: cleanups then stay within them too. */
  everywhere: boolean;
}

export interface HoldingsReply {
  experiments: FoundExperiment[];
  /** What could not be read, one line each. */
  unread: string[];
}

interface ReaperPorts {
  cloud: Cloud;
  temporal: TemporalPort;
  installation: string;
}

/** Tries of a look before a source that keeps failing counts as unreadable and the rest goes on. */
const LOOK_TRIES = 4;
/** Describes of workflows under way at once: a Temporal server answers each in milliseconds. */
const ASKED_AT_ONCE = 10;

export function createReaperActivities({ cloud, temporal, installation }: ReaperPorts) {
  return {
    /** Parses and defaults the input of `reaper`, and says where it looks; `InvalidInput` has one line per mistake. */
    async admitReaper(input: unknown): Promise<ReaperPlan> {
      const parsed = parseWith(reaperSchema, input);
      if (!parsed.ok) throw invalidInput(parsed.problems);
      const { target, regions, ...rest } = parsed.value;
      if (target !== undefined) await assertTarget(cloud, target);
      const where = target ?? (await cloud.identity());
      const everywhere = regions === undefined;
      return { ...rest, installation, target: where, everywhere, regions: regions ?? (await cloud.regions()) };
    },

    /** The experiments that own something in a region. What cannot be read is named, after a few tries. */
    async findExperiments(input: { target: Target; region: string }): Promise<HoldingsReply> {
      await assertTarget(cloud, input.target);
      const { region } = input;
      const { cancellationSignal: signal, info } = Context.current();
      const { holdings, sources } = await beating(() => cloud.holdings(region, { signal }));
      const unread = sources.filter((source) => source.unreadable !== undefined);
      const failing = unread.find((source) => source.transient === true);
      if (failing !== undefined && info.attempt < LOOK_TRIES)
        throw new Failure('ServiceUnavailable', unreadLine(region, failing));
      return { experiments: experimentsIn(region, holdings), unread: unread.map((one) => unreadLine(region, one)) };
    },

    /** The newest workflow under each id, asked by id, since a list may lag; ids that Temporal does not know are absent. */
    async standingsOf(input: { ids: string[] }): Promise<Record<string, WorkflowStanding>> {
      return beating(async () => {
        const known: Record<string, WorkflowStanding> = {};
        for (let start = 0; start < input.ids.length; start += ASKED_AT_ONCE) {
          const asked = input.ids.slice(start, start + ASKED_AT_ONCE);
          const found = await Promise.all(asked.map((id) => temporal.standing(id)));
          for (const [index, one] of found.entries()) if (one !== undefined) known[asked[index] ?? ''] = one;
        }
        return known;
      });
    },
  };
}

export type ReaperActivities = ReturnType<typeof createReaperActivities>;

function unreadLine(region: string, { api, unreadable = '' }: DiscoverySource): string {
  return `${region} ${api}: ${unreadable}`;
}
