/** How fast could a run have been at best? From the delays the simulator drew, not from our own reports. */
import { TAG } from '../contracts/names';
import type { ExperimentSpec } from '../schemas/experiment';
import type { LedgerResource } from './ledger';

/** A service's clock starts with its machine, or with the setup script when a command brings one. */
const SERVICE_DRAW = 'service';

/**
 * Seconds until every component could have been ready: all launched at once, each component set up when those it
 * depends on are ready, its slowest node counting. Steps and teardown are not in it.
 */
export function criticalPathSeconds(spec: ExperimentSpec, resources: LedgerResource[]): number {
  const ready = new Map<string, number>();
  const readyAt = (component: string): number => {
    const known = ready.get(component);
    if (known !== undefined) return known;
    const part = spec.components[component];
    const dependencies = Math.max(0, ...(part?.dependsOn ?? []).map(readyAt));
    const nodes = resources.filter((one) => one.type === 'instance' && one.tags[TAG.component] === component);
    const at = Math.max(
      dependencies,
      ...nodes.map((node) => nodeReadyAt(node, dependencies, part?.setup !== undefined)),
    );
    ready.set(component, at);
    return at;
  };
  return Math.max(0, ...Object.keys(spec.components).map(readyAt)) / 1000;
}

function nodeReadyAt({ draws }: LedgerResource, dependencies: number, hasSetup: boolean): number {
  const running = draw(draws, 'launchCall') + draw(draws, 'pendingToRunning');
  const online = running + draw(draws, 'runningToAgent');
  const services = Object.keys(draws).filter((name) => name.startsWith(SERVICE_DRAW));
  const slowest = Math.max(0, ...services.map((name) => draw(draws, name)));
  if (hasSetup) return Math.max(online, dependencies) + draw(draws, 'commandDelivery') + slowest;
  return Math.max(online, running + slowest, dependencies);
}

function draw(draws: Record<string, number>, name: string): number {
  return draws[name] ?? 0;
}
