/** What does everybody know of the pools of an account and region? One memory, told by all experiments there. */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { CapacityNews, CapacityView } from '../contracts/capacity';
import { QUERY, SIGNAL } from '../contracts/messages';
import { capacityDetails } from '../policy/capacity-details';
import { capacityState, newsIn, type CapacityState } from '../policy/capacity-input';
import { recordOpen, type OpenRequests } from '../policy/open-requests';
import { compactMemory, recordNews } from '../policy/pool-memory';
import { failure } from './failure';

const memoryQuery = defineQuery<CapacityView>(QUERY.memory);
const toldSignal = defineSignal<[unknown]>(SIGNAL.told);

/**
 * Remembers which pools refused, with the id `capacity/<account>/<region>`; started by the first news and never ended
 * by itself. To make it forget, terminate it: the next news start an empty one.
 */
export async function capacity(input: unknown): Promise<never> {
  let state = admit(input);
  let open: OpenRequests = {};
  let heard = 0;
  setHandler(memoryQuery, () => viewOf(state, open), {
    description: 'What refused lately, and until when it is left alone',
  });
  setHandler(
    toldSignal,
    (message) => {
      heard += 1;
      const news = newsNow(message);
      state = hear(state, news);
      if (news !== undefined) open = recordOpen(open, news);
      show(state);
    },
    {
      description:
        'What one launch request taught: { from, atMs, came: [pool], refused: [{ key, class, scope, code }], asks: [pool key] }',
    },
  );
  show(state);
  const isLong = (): boolean => heard >= (state.continueAfter ?? Infinity) || workflowInfo().continueAsNewSuggested;
  await condition(isLong);
  await condition(allHandlersFinished);
  return continueAsNew<typeof capacity>({ ...state, ...compactMemory(state, Date.now()) });
}

function admit(input: unknown): CapacityState {
  const state = capacityState(input);
  if ('problems' in state) throw failure('InvalidInput', state.problems.join('\n'));
  return state;
}

/** A clock that runs ahead must not block a pool for longer than its class does. */
function newsNow(message: unknown): CapacityNews | undefined {
  const news = newsIn(message);
  return news && { ...news, atMs: Math.min(news.atMs, Date.now()) };
}

/** A message that is no news is counted and nothing more: one bad sender must not stop the memory of all. */
function hear(state: CapacityState, news: CapacityNews | undefined): CapacityState {
  if (news === undefined) return { ...state, told: state.told + 1, ignored: state.ignored + 1 };
  return { ...state, ...recordNews(state, news), told: state.told + 1 };
}

function show(state: CapacityState): void {
  setCurrentDetails(capacityDetails(workflowInfo().workflowId, state, Date.now()));
}

function viewOf({ blocks, told, ignored }: CapacityState, open: OpenRequests): CapacityView {
  return { blocks, told, ignored, open };
}
