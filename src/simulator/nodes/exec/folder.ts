/** Where does a node live on this machine? One folder per instance: home, state of node scripts, programs, shims. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import type { SimInstance, World } from '../../world/state';
import type { SimNode } from '../node';
import { doorShim, timeoutShim } from './shims';

export interface NodeFolder {
  /** Home and working folder of everything that runs on the node. */
  home: string;
  /** HOLDFAST_STATE_DIR of the node scripts. */
  state: string;
  bin: string;
  shims: string;
  /** Scripts and outputs of SSM commands, as the agent keeps them. */
  commands: string;
  /** One line per start of a step. */
  starts: string;
}

export function folderOf(world: World, instance: SimInstance): NodeFolder {
  const home = resolve(world.dir, instance.id);
  const inside = (name: string): string => resolve(home, name);
  return {
    home,
    state: inside('state'),
    bin: inside('bin'),
    shims: inside('.shims'),
    commands: inside('.commands'),
    starts: inside('.starts'),
  };
}

/** Lays out the folder, empty at first and kept when the machine was only stopped, with the files of the scenario; those under `bin/` are executable. */
export function layOut(node: SimNode, doorPort: number): NodeFolder {
  const folder = folderOf(node.world, node.instance);
  // A world made from the same seed has the same ids: what an earlier one left would look like finished steps.
  if (!node.restarted) rmSync(folder.home, { recursive: true, force: true });
  for (const path of [folder.home, folder.bin, folder.shims, folder.commands]) mkdirSync(path, { recursive: true });
  for (const [path, content] of Object.entries(node.script.files ?? {})) place(folder.home, path, content);
  for (const name of ['systemctl', 'shutdown', 'poweroff']) {
    writeExecutable(resolve(folder.shims, name), doorShim(doorPort, node.instance.id, name));
  }
  writeExecutable(resolve(folder.shims, 'timeout'), timeoutShim(folder.starts));
  return folder;
}

function place(home: string, path: string, content: string): void {
  const full = resolve(home, path);
  if (!full.startsWith(home + sep))
    throw new Error(`Scenario: nodes.files has '${path}', which is outside the node's folder`);
  mkdirSync(dirname(full), { recursive: true });
  if (full.startsWith(resolve(home, 'bin') + sep)) writeExecutable(full, content);
  else writeFileSync(full, content);
}

function writeExecutable(path: string, content: string): void {
  writeFileSync(path, content);
  chmodSync(path, 0o755);
}
