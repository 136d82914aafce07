/** What does an experiment carry through its life? Its admission, its state, what users decided, whose things are. */
import { workflowInfo } from '@temporalio/workflow';
import type { Admission } from '../activities/admission';
import type { Ownership } from '../contracts/names';
import type { Controls } from './controls';
import { describeRun, type RunState } from './run-state';

export interface Run {
  admission: Admission;
  state: RunState;
  controls: Controls;
  /** Of what is made from now on; its end of lease moves with extensions. */
  ownership: Ownership;
  /** The lease was extended, so nodes that come now have to be told. */
  extended: boolean;
  /** Moves of the lease, one after another, so that the tags of an earlier end never come last. */
  moving: Promise<unknown>;
}

/** Terminating leaves everything to the reaper, so who looks at the run page should know that there is none. */
const UNWATCHED =
  'No acting reaper: when this run is terminated, only the timers of its nodes end it. `holdfast setup` changes that.';

/** The run from the moment its spec is admitted; its lease begins now. */
export function begin(admission: Admission, state: RunState, controls: Controls): Run {
  const { spec, installation, owner } = admission;
  const { status } = state;
  status.expiresAt = new Date(Date.now() + spec.lease * 1000).toISOString();
  status.name = spec.name;
  status.owner = owner;
  status.desired = Object.fromEntries(Object.entries(spec.components).map(([name, part]) => [name, part.count]));
  const isScheduled = workflowInfo()
    .typedSearchAttributes.getAll()
    .some((pair) => pair.key.name === 'TemporalScheduledById');
  if (admission.reaperActs === false) state.warning = UNWATCHED;
  describeRun(state, isScheduled ? 'schedule' : 'start');
  const ownership: Ownership = {
    experimentId: status.experimentId,
    installation,
    project: spec.project,
    owner,
    expiresAt: status.expiresAt,
    extra: spec.tags,
  };
  return { admission, state, controls, ownership, extended: false, moving: Promise.resolve() };
}
