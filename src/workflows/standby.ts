/** How are warm nodes kept, and how does one take the slot of a lost member? */
import { condition } from '@temporalio/workflow';
import type { Interruption } from '../contracts/interruptions';
import type { Node } from '../contracts/messages';
import { isStandby } from '../contracts/names';
import { failoversUsed } from '../policy/failover';
import { causeOf, wasCancelled } from './failure';
import type { Failover } from './failover';
import { lenient, prove, recordOf, takeOver, type Recovering } from './promotion';
import { replaceNodes } from './provision';

/** A standby was ready before: what it does not show within this time, it has lost. */
const PATIENCE_SECONDS = 15;

/**
 * Lets standbys whose gates hold take the slots of lost members; answers with the members that got none.
 * A standby that does not hold them is ended, and another is made in its place.
 */
export async function promoteStandbys(recovering: Recovering, lost: Node[]): Promise<Node[]> {
  const { failover, recovery } = recovering;
  const chosen = warmStandbys(failover, recovery.component).slice(0, lost.length);
  if (chosen.length === 0) return lost;
  failover.warm = failover.warm.filter((id) => !chosen.some((node) => node.instanceId === id));
  failover.vacant.push(...chosen.map((node) => ({ node, ended: false })));
  const named = chosen.flatMap((node, index) => {
    const old = lost[index];
    return old === undefined ? [] : [{ ...node, slot: old.slot, generation: old.generation + 1 }];
  });
  withoutSpares(failover, chosen);
  failover.show({ spares: [...failover.spares(), ...named] });
  const spec = lenient(failover.cascade.spec, recovery.component, PATIENCE_SECONDS);
  const ready = await prove(failover, { nodes: named, replaced: recovery.replace, spec, isShown: true });
  await takeOver(recovering, ready, true);
  withoutSpares(failover, named);
  return lost.filter((node) => !ready.some((fresh) => fresh.slot === node.slot));
}

/** Brings standbys through their gates and makes new ones where some went, one round after each failover or loss. */
export async function keepStandbys(failover: Failover): Promise<never> {
  for (let triedAt = -1; ;) {
    await condition(
      () =>
        failover.active === 0 &&
        failover.records.length !== triedAt &&
        failover.vacant.length + coldStandbys(failover).length > 0,
    );
    triedAt = failover.records.length;
    try {
      await refill(failover);
      await warmUp(failover);
    } catch (error) {
      if (wasCancelled(error)) throw error;
      failover.provisioning.onEvent(`no new standby: ${causeOf(error).message}`);
    }
  }
}

/** A standby is taken away or failing: it is no longer counted on. */
export function loseStandby(failover: Failover, node: Node, notice: Interruption): void {
  const { kind, reason } = notice;
  failover.records.push({ ...recordOf(node, notice), missed: 'a standby; another is made' });
  failover.provisioning.onEvent(`${node.slot} (${node.instanceId}) is lost: ${reason}`);
  failover.vacant.push({ node, ended: kind !== 'unhealthy', code: reason });
  withoutSpares(failover, [node]);
}

/** Standbys of a component that passed their gates. */
export function warmStandbys(failover: Failover, component: string): Node[] {
  return failover
    .spares()
    .filter((node) => node.component === component && isStandby(node) && failover.warm.includes(node.instanceId));
}

function coldStandbys(failover: Failover): Node[] {
  return failover.spares().filter((node) => isStandby(node) && !failover.warm.includes(node.instanceId));
}

function withoutSpares(failover: Failover, nodes: readonly Node[]): void {
  const gone = new Set(nodes.map((node) => node.instanceId));
  failover.show({ spares: failover.spares().filter((node) => !gone.has(node.instanceId)) });
}

/** New nodes for vacant standby slots of components that may still fail over; a slot that got none stays vacant. */
async function refill(failover: Failover): Promise<void> {
  const wanted = failover.vacant.filter(({ node }) => isWorthIt(failover, node.component));
  if (wanted.length === 0) return;
  const fresh = await replaceNodes(failover.provisioning, failover.provisioned, wanted);
  const filled = new Set(fresh.map((node) => node.slot));
  failover.vacant = failover.vacant.filter(({ node }) => !filled.has(node.slot));
  failover.show({ spares: [...failover.spares(), ...fresh] });
  failover.name(fresh);
}

/** Standbys that are lost count like losses of members here, so that no pool drains money for ever. */
function isWorthIt({ provisioning, records }: Failover, component: string): boolean {
  const lost = records.filter((record) => record.component === component && isStandby(record)).length;
  return failoversUsed(component, records) + lost < (provisioning.spec.components[component]?.failovers ?? 0);
}

async function warmUp(failover: Failover): Promise<void> {
  for (const component of new Set(coldStandbys(failover).map((node) => node.component))) {
    const cold = coldStandbys(failover).filter((node) => node.component === component);
    const spec = lenient(failover.cascade.spec, component);
    const ready = await prove(failover, { nodes: cold, replaced: [], spec, isShown: false });
    const failed = cold.filter((node) => !ready.some((entry) => entry.instanceId === node.instanceId));
    failover.vacant.push(...failed.map((node) => ({ node, ended: false })));
    withoutSpares(failover, failed);
    const stillThere = ready.filter((node) => failover.spares().some((spare) => spare.instanceId === node.instanceId));
    failover.warm.push(...stillThere.map((node) => node.instanceId));
    for (const { slot, instanceId } of stillThere) failover.provisioning.onEvent(`${slot} (${instanceId}) is warm`);
  }
}
