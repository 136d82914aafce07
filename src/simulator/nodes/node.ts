/** What is on a machine beyond what EC2 knows? Its script, its unit clocks and steps; kept per world and gone with a reset. */
import type { NodeScript } from '../scenario';
import type { SimInstance, World } from '../world/state';
import { scriptOf } from './script';
import type { StepRun } from './steps';

export interface UnitClock {
  startedAt?: number;
  stoppedAt?: number;
}

export interface SimNode {
  world: World;
  instance: SimInstance;
  script: NodeScript;
  /** What steps and shims did to units, by full unit name; autostart is not in here. */
  clocks: Map<string, UnitClock>;
  /** Steps of scripted nodes, by token. */
  steps: Map<string, StepRun>;
  /** Whether the machine was stopped and started again, so that its disk is not new. */
  restarted: boolean;
  /** Aborted when the machine goes down. */
  down: AbortController;
  /** Called after a unit was started or stopped. */
  onUnits: (() => void)[];
}

const nodes = new WeakMap<World, { epoch: number; byId: Map<string, SimNode> }>();

/** The node on this instance, made at first sight. One that was stopped and started again keeps only what was on disk. */
export function nodeOf(world: World, instance: SimInstance): SimNode {
  const { byId } = registry(world);
  const known = byId.get(instance.id);
  if (known && !known.down.signal.aborted) return known;
  const node: SimNode = {
    world,
    instance,
    script: scriptOf(world, instance),
    clocks: new Map(),
    steps: known ? survivors(known.steps) : new Map<string, StepRun>(),
    restarted: known !== undefined,
    down: new AbortController(),
    onUnits: [],
  };
  byId.set(instance.id, node);
  return node;
}

/** What `kill -9` gives, and what the real script reports for a step that its machine took down. */
const LOST = 137;

function survivors(steps: Map<string, StepRun>): Map<string, StepRun> {
  for (const run of steps.values()) {
    run.exitCode ??= LOST;
    run.ended = Promise.resolve();
  }
  return steps;
}

/** Takes the machine down: whatever waits for it is woken. */
export function takeDown(world: World, instance: SimInstance): void {
  registry(world).byId.get(instance.id)?.down.abort();
}

export function takeAllDown(world: World): void {
  for (const node of registry(world).byId.values()) node.down.abort();
}

export function allNodes(world: World): SimNode[] {
  return [...registry(world).byId.values()];
}

function registry(world: World): { epoch: number; byId: Map<string, SimNode> } {
  let known = nodes.get(world);
  if (known?.epoch !== world.epoch) nodes.set(world, (known = { epoch: world.epoch, byId: new Map() }));
  return known;
}
