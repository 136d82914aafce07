/** Whom does an event of EC2 concern? The owner of the instance is told; everybody else's instances are passed over. */
import { Context } from '@temporalio/activity';
import type { Cloud, InstanceView } from '../aws/ports';
import type { Interruption } from '../contracts/interruptions';
import { SIGNAL } from '../contracts/messages';
import { MANAGED_BY, TAG } from '../contracts/names';
import { interruptionOf } from '../policy/aws-event';
import { parseAwsEvent, type AwsEvent } from '../schemas/aws-event';
import { invalidInput } from './failure';
import { assertTarget, type Target } from './target';
import type { TemporalPort } from './temporal-port';

export interface AwsEventInput {
  /** The account and endpoint the event comes from; that of the worker when absent. */
  target?: Target;
  /** As EventBridge delivers it. */
  event: unknown;
}

/** What became of an event. A rule of EventBridge cannot filter by tag, so most events are nobody's. */
export type AwsEventVerdict =
  { accepted: true; experimentId: string; interruption: Interruption } | { accepted: false; why: string };

interface AwsEventPorts {
  cloud: Cloud;
  temporal: TemporalPort;
  installation: string;
}

export function createAwsEventActivities({ cloud, temporal, installation }: AwsEventPorts) {
  return {
    /**
     * Signals the experiment whose node the event is about. `InvalidInput` has one line per wrong field; an event
     * that concerns no experiment of this installation changes nothing, and the verdict says why in one line.
     */
    async acceptAwsEvent(input: AwsEventInput): Promise<AwsEventVerdict> {
      const parsed = parseAwsEvent(input.event);
      if (!parsed.ok) throw invalidInput(parsed.problems);
      const event = parsed.value;
      if (input.target !== undefined) await assertTarget(cloud, input.target);
      const { account } = await cloud.identity();
      if (event.account !== account) return refused(event, `belongs to account ${event.account}, not ${account}`);
      const signal = Context.current().cancellationSignal;
      const [view] = await cloud.compute(event.region).instances([event.detail['instance-id']], { signal });
      if (view === undefined) return refused(event, `is unknown in ${event.region}`);
      return tell(event, view);
    },
  };

  async function tell(event: AwsEvent, view: InstanceView): Promise<AwsEventVerdict> {
    const { tags } = view;
    const experimentId = tags[TAG.experimentId];
    if (experimentId === undefined || tags[TAG.managedBy] !== MANAGED_BY) return refused(event, 'is not ours');
    const owner = tags[TAG.installation];
    if (owner !== installation) {
      return refused(event, `belongs to installation ${String(owner)}, not ${installation}`);
    }
    const interruption = interruptionOf(event, view.stateReason, new Date().toISOString());
    if (interruption === undefined) return refused(event, 'loses nothing by this event');
    const heard = await temporal.signal(experimentId, SIGNAL.interruption, [interruption]);
    if (!heard) return refused(event, `belongs to ${experimentId}, which is not running`);
    return { accepted: true, experimentId, interruption };
  }
}

export type AwsEventActivities = ReturnType<typeof createAwsEventActivities>;

function refused(event: AwsEvent, why: string): AwsEventVerdict {
  return { accepted: false, why: `${event.detail['instance-id']} ${why}` };
}
