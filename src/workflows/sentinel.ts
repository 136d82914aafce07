/** Who notices that nodes are taken away? One watcher per account and region, for all experiments there. */
import {
  continueAsNew,
  defineQuery,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { WatchCarry } from '../activities/sentinel';
import type { SentinelStatus } from '../contracts/interruptions';
import { QUERY, SIGNAL } from '../contracts/messages';
import { sentinelDetails } from '../policy/sentinel-details';
import type { News } from '../policy/watch';
import { looks, reads } from './activity-proxies';
import { admitted, wasCancelled } from './failure';
import { inOwnScope } from './scope';

const sentinelStatusQuery = defineQuery<SentinelStatus>(QUERY.status);

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
  const plan = await admitted(() => reads.admitSentinel.executeWithOptions({ summary: 'check the input' }, [input]));
  status.region = plan.region;
  let looked = carry;
  for (let count = 1; ; count += 1) {
    const summary = `watch the nodes of ${plan.region}`;
    const watch = { ...plan, ...(looked === undefined ? {} : { carry: looked }) };
    const reply = await inOwnScope(() => looks.watchRegion.executeWithOptions({ summary }, [watch]));
    looked = reply.carry;
    await Promise.all(reply.news.map((news) => tell(status, news)));
    show(status, looked);
    if (reply.idle) return status;
    if (count >= (plan.newsPerRun ?? Infinity) || workflowInfo().continueAsNewSuggested)
      return continueAsNew<typeof sentinel>(input, looked);
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
