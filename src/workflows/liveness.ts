/** Are the services of ready nodes still well? One long look beside the work, begun anew when the nodes change. */
import { CancellationScope, condition } from '@temporalio/workflow';
import type { Checked, LivenessChecks } from '../activities/liveness';
import type { Node } from '../contracts/messages';
import type { ComponentSpec, ExperimentSpec } from '../schemas/experiment';
import { looks } from './activity-proxies';
import type { Failover } from './failover';

/** Reports nodes whose services fail again and again, until it is cancelled. Nothing to check: returns at once. */
export async function watchHealth(failover: Failover): Promise<void> {
  const components = livenessOf(failover.provisioning.spec);
  if (Object.keys(components).length === 0) return;
  const checkable = (): Node[] => failover.nodes().filter((node) => node.component in components);
  let carry: Checked['carry'] | undefined;
  for (;;) {
    await condition(() => checkable().length > 0);
    const nodes = checkable();
    const checked = await untilChanged(failover, () =>
      looks.checkNodes.executeWithOptions({ summary: `check the services of ${String(nodes.length)} nodes` }, [
        {
          target: failover.provisioning.target,
          nodes: nodes.map(({ instanceId, component, region }) => ({ instanceId, component, region })),
          components,
          ...(carry === undefined ? {} : { carry }),
        },
      ]),
    );
    carry = checked?.carry;
    for (const { seen, ...loss } of checked?.unhealthy ?? []) {
      failover.provisioning.onEvent(`${loss.instanceId} lives, its services do not: ${seen}`);
      failover.reported.push(loss);
    }
  }
}

/** What the work gave; undefined, with the work cancelled, when the nodes changed first. */
async function untilChanged<T>({ nodes }: Failover, work: () => Promise<T>): Promise<T | undefined> {
  const ids = (): string =>
    nodes()
      .map((node) => node.instanceId)
      .join();
  const before = ids();
  const scope = new CancellationScope();
  const working = scope.run(work);
  const changed = scope.run(() => condition(() => ids() !== before));
  try {
    return await Promise.race([working, changed.then(() => undefined)]);
  } finally {
    scope.cancel();
    await Promise.allSettled([working, changed]);
  }
}

/** Components with something to check and a way to do it. */
function livenessOf(spec: ExperimentSpec): Record<string, LivenessChecks> {
  const isChecked = (part: ComponentSpec): boolean =>
    (part.instanceProfile ?? spec.instanceProfile) !== undefined && part.services.length + part.health.length > 0;
  const entries = Object.entries(spec.components).filter(([, part]) => isChecked(part));
  return Object.fromEntries(
    entries.map(([name, { services, health, liveness }]) => [
      name,
      { services, health: health as LivenessChecks['health'], ...liveness },
    ]),
  );
}
