/** How do commands reach the machines of a world? Played from the scenario, or run as real processes with `exec`. */
import { rmSync } from 'node:fs';
import { agentOnline, stateAt } from '../world/instance';
import type { SimInstance, World } from '../world/state';
import type { Outcome } from './commands';
import { openDoor, type Door } from './exec/door';
import { folderOf } from './exec/folder';
import { machineOf } from './exec/machine';
import type { RunRequest } from './exec/process';
import { reap } from './exec/reap';
import { allNodes, nodeOf, takeAllDown, takeDown } from './node';
import { playScript } from './scripted';

export interface Nodes {
  /** Ends every process and listener of every node; when it resolves none is left. */
  close(): Promise<void>;
}

/** How often a world that executes looks for machines that have come up; their ports open then. */
const BOOT_POLL_MS = 50;

const doors = new WeakMap<World, Door>();

/** Connects the nodes to the world's life: machines that end take their processes with them. */
export async function startNodes(world: World): Promise<Nodes> {
  world.onInstanceEnd.push((instance) => endMachine(world, instance));
  world.onReset.push(() => endAll(world));
  if (!world.exec) {
    return {
      close: () => {
        takeAllDown(world);
        return Promise.resolve();
      },
    };
  }
  const door = await openDoor(world);
  doors.set(world, door);
  const timer = setInterval(() => bootRunning(world, door), BOOT_POLL_MS).unref();
  return {
    close: async () => {
      clearInterval(timer);
      endAll(world);
      await door.close();
    },
  };
}

/** Whether the machine's SSM agent answers now: registered, and neither it nor the machine is gone. */
export function answersSsm(world: World, instance: SimInstance, now: number): boolean {
  return agentOnline(instance, now) && instance.agentLostAt === undefined && !nodeOf(world, instance).script.agentNever;
}

/** Runs a command on the machine. Never settles when the machine goes down first. */
export function runOnNode(world: World, instance: SimInstance, request: RunRequest): Promise<Outcome> {
  const node = nodeOf(world, instance);
  const door = doors.get(world);
  return door ? machineOf(node, door.port).run(request) : playScript(node, request.script, request.signal);
}

function bootRunning(world: World, door: Door): void {
  const now = Date.now();
  for (const region of world.regions.values()) {
    for (const instance of region.instances.values()) {
      if (stateAt(instance, now) === 'running') machineOf(nodeOf(world, instance), door.port);
    }
  }
}

function endMachine(world: World, instance: SimInstance): void {
  takeDown(world, instance);
  if (world.exec) reap([folderOf(world, instance)]);
}

function endAll(world: World): void {
  const nodes = allNodes(world);
  takeAllDown(world);
  if (!world.exec) return;
  const folders = nodes.map(({ instance }) => folderOf(world, instance));
  reap(folders);
  for (const { home } of folders) rmSync(home, { recursive: true, force: true, maxRetries: 3 });
}
