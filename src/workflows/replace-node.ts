/** How does a person have a node replaced? An update that puts it into the queue of losses. */
import { defineUpdate, setHandler } from '@temporalio/workflow';
import { isOpen } from '../contracts/failover';
import { UPDATE, type ExperimentStatus, type Node, type Phase } from '../contracts/messages';
import type { Controls } from './controls';
import { refuseWhenOver } from './controls';
import { failure } from './failure';
import { tell, type RunState } from './run-state';

/** Which node: its slot, or its instance. */
export type ReplaceNodeInput = { slot: string } | { instanceId: string };

const replaceNodeUpdate = defineUpdate<{ slot: string; instanceId: string }, [ReplaceNodeInput]>(UPDATE.replaceNode);

/** Phases in which losses are acted on. */
const REPLACING: readonly Phase[] = ['Ready', 'Running', 'Recovering'];

/** Answers as soon as the replacement is under way; it takes the slot before the old node is ended. */
export function listenForReplacements(state: RunState, controls: Controls): void {
  setHandler(
    replaceNodeUpdate,
    (input) => {
      const { slot, instanceId, region } = named(state.status, input);
      const at = new Date(Date.now()).toISOString();
      const when = { noticeAt: at, detectedAt: at };
      controls.reported.push({ instanceId, region, kind: 'replace', source: 'person', ...when, reason: 'by hand' });
      tell(state, `${slot} (${instanceId}) is to be replaced`);
      return { slot, instanceId };
    },
    {
      validator: (input) => {
        check(state, controls, input);
      },
      description: 'Replaces one node: {"slot": "broker-0"} or {"instanceId": "i-..."}',
    },
  );
}

function check(state: RunState, controls: Controls, input: unknown): void {
  refuseWhenOver(state);
  const { phase, interruptions } = state.status;
  const { slot, instanceId } = named(state.status, input);
  if (!REPLACING.includes(phase))
    throw failure('InvalidInput', `the experiment is ${phase}; nodes are replaced while it is ${REPLACING.join(', ')}`);
  const isBusy =
    interruptions.some((record) => record.oldInstance === instanceId && isOpen(record)) ||
    controls.reported.some((notice) => notice.instanceId === instanceId);
  if (isBusy) throw failure('InvalidInput', `${slot} (${instanceId}) is being replaced already`);
}

function named({ nodes }: ExperimentStatus, input: unknown): Node {
  const asked: Record<string, unknown> = typeof input === 'object' && input !== null ? { ...input } : {};
  const [key, ...more] = Object.keys(asked);
  if (more.length > 0 || (key !== 'slot' && key !== 'instanceId') || typeof asked[key] !== 'string')
    throw failure('InvalidInput', `${JSON.stringify(input ?? null)} names no node; write {"slot": "broker-0"}`);
  const node = nodes.find((entry) => entry[key] === asked[key]);
  if (node !== undefined) return node;
  const known = nodes.map((entry) => entry[key]).join(', ');
  throw failure(
    'InvalidInput',
    `${key}: ${asked[key]} holds no slot here; there are ${known === '' ? 'none yet' : known}`.slice(0, 500),
  );
}
