/** How are nodes provisioned, found, named and ended? The activities; each verb has a file of its own. */
import { Context } from '@temporalio/activity';
import type { Cloud } from '../aws/ports';
import type { RegionSurvey } from '../contracts/capacity';
import { Failure } from '../contracts/failures';
import type { Node } from '../contracts/messages';
import { TAG } from '../contracts/names';
import type { NetworkResult } from '../contracts/network';
import { beating } from './beating';
import { asSlots } from './found-nodes';
import { launch, type LaunchInput, type LaunchResult } from './launch';
import { makeNetwork, type NetworkInput } from './own-network';
import { isMissing, prepareRegion, type PrepareInput } from './prepare';
import { surveyRegion, type SurveyInput } from './survey';
import { assertTarget, type Target } from './target';

export interface NodesInput {
  target: Target;
  region: string;
  ids: string[];
}

export interface FindInput {
  target: Target;
  experimentId: string;
  regions: string[];
  /** Also nodes that have ended and that EC2 still shows, where nothing else holds their slot. */
  withEnded?: boolean;
}

export interface NameInput {
  target: Target;
  region: string;
  names: { instanceId: string; slot: string; name: string; volumes?: string[] }[];
}

/** Activities of provisioning. */
export function createProvisionActivities({ cloud }: { cloud: Cloud }) {
  return {
    /** What the region offers to this spec; resolved from scratch. */
    async surveyRegion(input: SurveyInput): Promise<RegionSurvey> {
      await assertTarget(cloud, input.target);
      return surveyRegion(cloud.compute(input.region), input.region, input.spec, Context.current().cancellationSignal);
    },

    /** A network of the experiment's own; repeatable. What is there by its tags is kept. */
    async makeNetwork(input: NetworkInput): Promise<NetworkResult> {
      await assertTarget(cloud, input.target);
      return beating(() => makeNetwork(cloud.compute(input.region), input)).catch((error: unknown) => {
        throw isMissing(error) ? new Failure('InvalidRequest', error.message, error.details, error) : error;
      });
    },

    /**
     * Security groups and one launch template per component, and one without them where volumes follow the slot;
     * repeatable. Answers with template names.
     */
    async prepareRegion(input: PrepareInput): Promise<Record<string, string>> {
      await assertTarget(cloud, input.target);
      return beating(() => prepareRegion(cloud.compute(input.region), input)).catch((error: unknown) => {
        throw isMissing(error) ? new Failure('InvalidRequest', error.message, error.details, error) : error;
      });
    },

    /** One request for the missing count. A lost reply or a reset is answered by what already came. */
    async launch(input: LaunchInput): Promise<LaunchResult> {
      await assertTarget(cloud, input.target);
      return beating(() => launch(cloud.compute(input.region), input));
    },

    /** The nodes of an experiment by their tags alone, one for each slot. */
    async findNodes(input: FindInput): Promise<Node[]> {
      await assertTarget(cloud, input.target);
      const { cancellationSignal: signal } = Context.current();
      const found = await Promise.all(
        input.regions.map(async (region) => {
          const { experimentId, withEnded = false } = input;
          const views = await cloud.compute(region).ofExperiment(experimentId, { signal, withEnded });
          return views.map((view) => ({ ...view, region }));
        }),
      );
      return asSlots(found.flat());
    },

    /** What EC2 says of the spot requests behind instances: status code by instance id. */
    async spotStatuses(input: NodesInput): Promise<Record<string, string>> {
      await assertTarget(cloud, input.target);
      const { cancellationSignal: signal } = Context.current();
      const found = await cloud.compute(input.region).spotStatuses(input.ids, { signal });
      return Object.fromEntries(found.map(({ instanceId, code }) => [instanceId, code]));
    },

    /** Ends instances; repeatable. */
    async terminate(input: NodesInput): Promise<void> {
      await assertTarget(cloud, input.target);
      await beating(() => cloud.compute(input.region).terminate(input.ids));
    },

    /** Writes `Name` and `Slot`, on the volumes that follow the slot too; nothing depends on them, so it goes slowly: one call per node. */
    async nameNodes(input: NameInput): Promise<void> {
      await assertTarget(cloud, input.target);
      const context = Context.current();
      const done = (context.info.heartbeatDetails as number | undefined) ?? 0;
      for (const [index, entry] of input.names.entries()) {
        if (index < done) continue;
        const tags = { [TAG.slot]: entry.slot, [TAG.name]: entry.name };
        await cloud
          .compute(input.region)
          .tag([entry.instanceId, ...(entry.volumes ?? [])], tags, { signal: context.cancellationSignal });
        context.heartbeat(index + 1);
      }
    },
  };
}

export type ProvisionActivities = ReturnType<typeof createProvisionActivities>;
