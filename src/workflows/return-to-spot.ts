/** How does a slot that fell back to on-demand return to spot? By a planned replacement, when spot has been calm. */
import { condition } from '@temporalio/workflow';
import type { Node } from '../contracts/messages';
import { planLaunch } from '../policy/chain';
import { mayDisturb, returnsOf } from '../policy/return-to-spot';
import type { StepSpec } from '../schemas/experiment';
import type { Failover } from './failover';
import { memoryOf, readShared } from './shared-memory';

/** Reports the slots that are to go back, until it is cancelled. `stepNow` is the step that runs, when one does. */
export async function watchMarket(failover: Failover, stepNow: () => StepSpec | undefined): Promise<never> {
  const { spec } = failover.provisioning;
  const since: Record<string, number> = {};
  const tried: Record<string, number> = {};
  for (;;) {
    const nodes = failover.nodes();
    for (const node of nodes) since[node.instanceId] ??= Date.now();
    const returns = returnsOf({ spec, nodes, records: failover.records, since, tried });
    const possible = returns.filter(({ node }) => mayDisturb(stepNow(), node.component));
    const pauseMs = Math.min(...possible.map(({ atMs }) => atMs)) - Date.now();
    if (pauseMs > 0) {
      await changedOrLater(() => stateOf(failover, stepNow()), pauseMs);
      continue;
    }
    const due = possible.filter(({ atMs }) => atMs <= Date.now()).map(({ node }) => node);
    for (const { slot } of due) tried[slot] = Date.now();
    await propose(failover, due);
  }
}

/** What a time of return is made from. */
function stateOf({ nodes, records }: Failover, step: StepSpec | undefined): string {
  const ids = nodes().map((node) => node.instanceId);
  return [step?.name, records.length, ...ids].join();
}

async function changedOrLater(state: () => string, pauseMs: number): Promise<void> {
  const before = state();
  const hasChanged = (): boolean => state() !== before;
  if (pauseMs === Infinity) await condition(hasChanged);
  else await condition(hasChanged, pauseMs, { summary: 'until slots on-demand may return to spot' });
}

/** Reports as many as free spot pools may be asked for, per component and region; for the others it says why not. */
async function propose(failover: Failover, due: Node[]): Promise<void> {
  const { provisioning, reported } = failover;
  for (const region of new Set(due.map((node) => node.region))) {
    await readShared(provisioning, failover.provisioned.chain, region);
    for (const component of new Set(due.map((node) => node.component))) {
      const nodes = due.filter((node) => node.region === region && node.component === component);
      const count = roomOnSpot(failover, region, component, nodes.length);
      const [back, left] = [nodes.slice(0, count), nodes.slice(count)].map((some) => some.map((node) => node.slot));
      if (back?.length) provisioning.onEvent(`returns to spot: ${back.join(', ')}`);
      if (left?.length) provisioning.onEvent(`stays on-demand, no spot pool is free: ${left.join(', ')}`);
      const at = new Date().toISOString();
      for (const { instanceId } of nodes.slice(0, count)) {
        const why = { kind: 'return', source: 'policy', reason: 'spot-calm' } as const;
        reported.push({ instanceId, region, ...why, noticeAt: at, detectedAt: at });
      }
    }
  }
}

/** How many nodes the spot pools may be asked for now: none while all of them are blocked, or dearer. */
function roomOnSpot(
  { provisioning, provisioned }: Failover,
  region: string,
  component: string,
  wanted: number,
): number {
  const { chain } = provisioned;
  const spec = provisioning.spec.components[component];
  const survey = chain.surveys[region];
  if (spec === undefined || survey === undefined || wanted === 0) return 0;
  const plan = planLaunch({
    component,
    spec,
    policy: spec.market ?? provisioning.spec.market,
    survey,
    markets: ['spot'],
    memory: memoryOf(chain.knowledge, region),
    missing: wanted,
    asked: [],
    nowMs: Date.now(),
  });
  return plan.kind === 'ask' ? plan.count : 0;
}
