/** What can be asked of a running experiment? Its queries, updates and signals. */
import { defineQuery, defineSignal, defineUpdate, setHandler, type CancellationScope } from '@temporalio/workflow';
import { FINAL_PHASES, QUERY, SIGNAL, UPDATE } from '../contracts/messages';
import type { Attempt } from '../contracts/capacity';
import { ACTED_KINDS, type Interruption } from '../contracts/interruptions';
import type { CostSummary, ExperimentStatus, Node, TimelineEntry } from '../contracts/messages';
import { readNotices } from '../policy/notices';
import { failure } from './failure';
import { tell, type RunState } from './run-state';

const statusQuery = defineQuery<ExperimentStatus>(QUERY.status);
const inventoryQuery = defineQuery<Node[]>(QUERY.inventory);
const attemptsQuery = defineQuery<Attempt[]>(QUERY.attempts);
const costQuery = defineQuery<CostSummary>(QUERY.cost);
const timelineQuery = defineQuery<TimelineEntry[]>(QUERY.timeline);
const holdUpdate = defineUpdate<{ phase: string }>(UPDATE.hold);
const releaseUpdate = defineUpdate<{ phase: string }>(UPDATE.release);
const stopUpdate = defineUpdate<{ phase: string }>(UPDATE.stop);
const interruptionSignal = defineSignal<[unknown]>(SIGNAL.interruption);
const noteSignal = defineSignal<[unknown]>(SIGNAL.note);

/** What users decided meanwhile; read by the lifecycle. */
export interface Controls {
  /** Keep the nodes when the work has ended, until released. */
  hold: boolean;
  released: boolean;
  /** The work is to end now. */
  stopped: boolean;
  /** The lease ran out. */
  expired: boolean;
  /** Notices about nodes that nobody has acted on. */
  reported: Interruption[];
}

/** Sets every handler; done before the first await so that no message meets a workflow without ears. */
export function listen(state: RunState, work: CancellationScope): Controls {
  const controls: Controls = { hold: false, released: false, stopped: false, expired: false, reported: [] };
  setHandler(statusQuery, () => state.status, { description: 'Everything that is known now' });
  setHandler(inventoryQuery, () => state.status.nodes, { description: 'The nodes by slot' });
  setHandler(attemptsQuery, () => state.status.attempts, { description: 'Every launch request with its refusals' });
  setHandler(costQuery, () => state.status.cost, { description: 'Spent, per hour and at lease end, in USD' });
  setHandler(timelineQuery, () => state.status.timeline, { description: 'The last events' });
  setHandler(
    noteSignal,
    (text) => {
      tell(state, `note: ${(typeof text === 'string' ? text : JSON.stringify(text)).slice(0, 500)}`);
    },
    { description: 'Adds a line to the timeline' },
  );
  setHandler(
    interruptionSignal,
    (input) => {
      const { notices, refused } = readNotices(input, new Date().toISOString());
      controls.reported.push(...notices.filter((notice) => ACTED_KINDS.includes(notice.kind)));
      for (const { instanceId, kind, reason } of notices) tell(state, `${instanceId} ${kind}: ${reason}`);
      for (const line of refused) tell(state, line);
    },
    { description: 'What was noticed about nodes: [{"instanceId": "i-...", "kind": "reclaim", "reason": "..."}]' },
  );
  setHandler(
    holdUpdate,
    () => {
      controls.hold = true;
      tell(state, 'will be held when its work ends');
      return { phase: state.status.phase };
    },
    {
      validator: () => {
        refuseWhenOver(state);
      },
      description: 'Keeps the nodes after the work, until release',
    },
  );
  setHandler(
    releaseUpdate,
    () => {
      controls.hold = false;
      controls.released = true;
      return { phase: state.status.phase };
    },
    {
      validator: () => {
        refuseWhenOver(state);
      },
      description: 'Ends a hold: teardown follows',
    },
  );
  setHandler(
    stopUpdate,
    () => {
      controls.stopped = true;
      controls.released = true;
      work.cancel();
      return { phase: state.status.phase };
    },
    {
      validator: () => {
        refuseWhenOver(state);
      },
      description: 'Ends the work now and tears down',
    },
  );
  return controls;
}

/** Refuses what can no longer have an effect. */
export function refuseWhenOver({ status }: RunState): void {
  if (status.phase !== 'TearingDown' && !FINAL_PHASES.includes(status.phase)) return;
  throw failure('InvalidInput', `the experiment is ${status.phase}; start it again with the same spec`);
}
