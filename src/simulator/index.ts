/** How is a local AWS started? One call: a world by scenario and seed, served on loopback until it is closed. */
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ec2Operations } from './ec2';
import { startNodes } from './nodes';
import type { Scenario, ScenarioPatch } from './scenario';
import { loadScenario } from './scenario-load';
import { createSimulatorServer } from './server';
import { ssmOperations } from './ssm';
import { stsOperations } from './sts';
import { taggingOperations } from './tagging';
import { clearAgenda } from './world/agenda';
import type { ScenarioName } from './scenario-names';
import type { World } from './world/state';
import { createWorld } from './world/world';

export type { LedgerDocument } from './ledger-document';
export type { Scenario, ScenarioPatch } from './scenario';
export type { FaultPlan } from './faults';

export interface SimulatorOptions {
  /** 0 or absent: a free port. */
  port?: number;
  host?: '127.0.0.1';
  /** A built-in name, the path of a YAML or JSON file, or the scenario itself (whole or over another); `quick` when absent. */
  scenario?: Scenario | ScenarioPatch | ScenarioName | (string & {});
  seed?: number;
  /** Run SSM commands as real processes of this machine. */
  exec?: boolean;
  /** Where the folders of nodes are made; a temporary one, removed at the end, when absent. */
  dir?: string;
}

export interface Simulator {
  url: string;
  port: number;
  world: World;
  /** Ends every process and connection. May be called twice. */
  close(): Promise<void>;
}

/** Starts the simulator. Rejects when the port is taken or the scenario is not one. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, host = '127.0.0.1', exec = false, seed } = options;
  const scenario = loadScenario(options.scenario);
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'holdfast-simulator-')));
  const world = createWorld(scenario, { exec, dir, ...(seed === undefined ? {} : { seed }) });
  const nodes = await startNodes(world);
  const server = createSimulatorServer(world, {
    ec2: ec2Operations,
    ssm: ssmOperations,
    tagging: taggingOperations,
    sts: stsOperations,
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  world.url = `http://${host}:${bound}`;
  const close = async (): Promise<void> => {
    for (const notify of world.onReset) await notify();
    await nodes.close();
    clearAgenda(world.agenda);
    if (server.listening) {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    }
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  };
  return { url: world.url, port: bound, world, close };
}
