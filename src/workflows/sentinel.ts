/** Who notices that nodes are taken away? One watcher per account and region, for all experiments there. */
import {
  ActivityCancellationType,
  continueAsNew,
  defineQuery,
  getExternalWorkflowHandle,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { SentinelActivities, SentinelPlan, WatchCarry } from '../activities/sentinel';
import type { SentinelStatus } from '../contracts/interruptions';
import { QUERY, SIGNAL } from '../contracts/messages';
import { sentinelDetails } from '../policy/sentinel-details';
import type { News } from '../policy/watch';
import { causeOf, failure, wasCancelled } from './failure';

const sentinelStatusQuery = defineQuery<SentinelStatus>(QUERY.status);

/** A failure that is no `NotReady` says its own delay; this is for what has none, such as a lost worker. */
const retry = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5s' } as const;

const activities = proxyActivities<SentinelActivities>({
  // Five reads beside each other, each page-wise: 1,000 nodes are a dozen pages of less than a second.
  startToCloseTimeout: '60s',
  // A look beats every 3 s, so a dead worker costs 10 s and not a minute.
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry,
});

/** Signals kept for the status; the whole story is in the owners' timelines. */
const LAST = 50;

/**
 * Watches the nodes of its installation in one region, under the id `sentinel/<account>/<region>`, and signals each
 * owner once per look with what is new. Waiting is repeating one activity, so it costs no history. Ends when nothing
 * has lived for a while; experiments that live start it again. What was told before goes along into the next run.
 */
export async function sentinel(input: unknown, carry?: WatchCarry): Promise<SentinelStatus> {
  const status: SentinelStatus = { region: '', nodes: 0, owners: [], told: 0, last: [] };
  setHandler(sentinelStatusQuery, () => status, { description: 'What was watched and told when there was last news' });
  const plan = await admit(input);
  status.region = plan.region;
  let looked = carry;
  for (let looks = 1; ; looks += 1) {
    const summary = `watch the nodes of ${plan.region}`;
    const reply = await activities.watchRegion.executeWithOptions({ summary }, [
      { ...plan, ...(looked === undefined ? {} : { carry: looked }) },
    ]);
    looked = reply.carry;
    await Promise.all(reply.news.map((news) => tell(status, news)));
    show(status, looked);
    if (reply.idle) return status;
    if (looks >= (plan.newsPerRun ?? Infinity) || workflowInfo().continueAsNewSuggested)
      return continueAsNew<typeof sentinel>(input, looked);
  }
}

async function admit(input: unknown): Promise<SentinelPlan> {
  try {
    return await activities.admitSentinel.executeWithOptions({ summary: 'check the input' }, [input]);
  } catch (error) {
    if (wasCancelled(error)) throw error;
    const { type, message } = causeOf(error);
    throw failure(type, message);
  }
}

/** An owner that has ended needs to know nothing. */
async function tell(status: SentinelStatus, { owner, interruptions }: News): Promise<void> {
  let heard = true;
  try {
    await getExternalWorkflowHandle(owner).signal(SIGNAL.interruption, interruptions);
  } catch (error) {
    if (wasCancelled(error)) throw error;
    heard = false;
  }
  status.told += heard ? 1 : 0;
  const lines = interruptions.map((one) => ({ ...one, owner, heard }));
  status.last = [...status.last, ...lines].slice(-LAST);
}

function show(status: SentinelStatus, { nodes }: WatchCarry): void {
  status.nodes = Object.keys(nodes).length;
  status.owners = [...new Set(Object.values(nodes).map((node) => node.owner))].sort();
  setCurrentDetails(sentinelDetails(status));
}
