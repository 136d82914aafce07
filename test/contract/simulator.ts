/** How is the simulator started for the contract, and what does it lack? */
import { startSimulator } from '../../src/simulator';
import type { Backend, Profile } from './backend';

export const SIMULATOR: Profile = { name: 'simulator', lacks: {} };

export async function startSimulatorBackend(): Promise<Backend> {
  const simulator = await startSimulator({ scenario: 'quick' });
  const control = async (path: string, body: object): Promise<void> => {
    const reply = await fetch(`${simulator.url}/_sim/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!reply.ok) throw new Error(`/_sim/${path}: ${String(reply.status)} ${await reply.text()}`);
  };
  return {
    url: simulator.url,
    instanceProfile: 'contract',
    setCapacity: (pool) => control('capacity', pool),
    setQuota: (quota) => control('quota', quota),
    close: () => simulator.close(),
  };
}
