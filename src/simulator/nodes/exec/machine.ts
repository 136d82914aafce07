/** What does a node need that runs real commands? Folder, ports, and the count of step starts; made when it is running. */
import { existsSync, readFileSync } from 'node:fs';
import type { Outcome } from '../commands';
import type { SimNode } from '../node';
import { stepRecord } from '../steps';
import { layOut, type NodeFolder } from './folder';
import { serveMetadata } from './metadata';
import { servePorts } from './ports';
import { runProcess, type RunRequest } from './process';

export interface Machine {
  folder: NodeFolder;
  run(request: RunRequest): Promise<Outcome>;
}

const machines = new WeakMap<SimNode, Machine>();

/** The machine of the node, set up at first sight: a fresh folder, the ports of its units and its metadata service. */
export function machineOf(node: SimNode, doorPort: number): Machine {
  const known = machines.get(node);
  if (known) return known;
  const folder = layOut(node, doorPort);
  servePorts(node);
  serveMetadata(node);
  const machine: Machine = {
    folder,
    run: async (request) => {
      const outcome = await runProcess(node, folder, request);
      countStarts(node, folder);
      return outcome;
    },
  };
  machines.set(node, machine);
  return machine;
}

/** Brings the ledger's records of steps up to the starts that the node's own timeout(1) has noted. */
function countStarts(node: SimNode, { starts }: NodeFolder): void {
  if (!existsSync(starts)) return;
  const seen = new Map<string, number>();
  for (const [, token = ''] of readFileSync(starts, 'utf8').matchAll(/\/steps\/([^/\n]+)\/script$/gm)) {
    seen.set(token, (seen.get(token) ?? 0) + 1);
  }
  for (const [token, count] of seen) stepRecord(node, token).record.starts = count;
}
