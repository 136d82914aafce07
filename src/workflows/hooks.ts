/** What do nodes get to say at a failover? The doomed one drains, and the others learn who their peers are now. */
import { CancellationScope } from '@temporalio/workflow';
import type { Interruption } from '../contracts/interruptions';
import type { Node } from '../contracts/messages';
import { looks } from './activity-proxies';
import { causeOf } from './failure';
import type { Failover } from './failover';

/** The machine is gone at the end of its notice; this much of it is left for ending the drain. */
const DRAIN_MARGIN_MS = 15_000;
/** A drain without a known end of notice gets a minute: half of what AWS gives. */
const DRAIN_DEFAULT_MS = 60_000;
/** Longest that peers may take to hear of a replacement. */
const TELL_SECONDS = 60;

/** Flushes a node that will be ended, inside its notice. A second drain of the same node attaches to the first. */
export async function drain(failover: Failover, node: Node, notice?: Interruption): Promise<void> {
  const script = failover.provisioning.spec.components[node.component]?.onDrain;
  if (script === undefined) return;
  const endsAt = notice?.endsAt;
  const leftMs = endsAt === undefined ? DRAIN_DEFAULT_MS : Date.parse(endsAt) - Date.now() - DRAIN_MARGIN_MS;
  if (leftMs <= 0) return;
  await runHook(failover, { name: `drain-${node.slot}`, script, seconds: Math.ceil(leftMs / 1000), nodes: [node] });
}

/** Tells the component who its members are now; `fresh` need not hear it, unless their setup ran under another name. */
export async function tellPeers(
  failover: Failover,
  component: string,
  fresh: readonly Node[],
  wereStandbys: boolean,
): Promise<void> {
  const script = failover.provisioning.spec.components[component]?.onReplace;
  const knowing = wereStandbys ? [] : fresh.map((node) => node.instanceId);
  const nodes = failover.nodes().filter((node) => node.component === component && !knowing.includes(node.instanceId));
  if (script === undefined || nodes.length === 0) return;
  const replaced = fresh.map((node) => `${node.slot}-g${String(node.generation)}`).join('-');
  await runHook(failover, { name: `replaced-${replaced}`.slice(0, 100), script, seconds: TELL_SECONDS, nodes });
}

interface Hook {
  name: string;
  script: string;
  seconds: number;
  nodes: Node[];
}

/** What goes wrong in a hook is told and changes nothing: the failover goes on without it. */
async function runHook(failover: Failover, { name, script, seconds, nodes }: Hook): Promise<void> {
  const { provisioning, cascade } = failover;
  const [first] = nodes;
  if (first === undefined) return;
  const step = { name: 'hook', on: [first.component], run: script, env: {}, timeout: seconds };
  const scope = CancellationScope.withTimeout((seconds + 5) * 1000, () =>
    looks.runStep.executeWithOptions({ summary: `hook ${name}` }, [
      {
        target: provisioning.target,
        experimentId: cascade.experimentId,
        region: first.region,
        step: { ...step, onDisturbed: 'keep' as const },
        token: `hook-${name}-${first.instanceId}`,
        ids: nodes.map((node) => node.instanceId),
        peers: failover.nodes(),
        pollMs: 1000,
      },
    ]),
  );
  await scope.catch((error: unknown) => {
    provisioning.onEvent(`hook ${name} did not end well: ${causeOf(error).message}`);
  });
}
