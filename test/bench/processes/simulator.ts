/** The simulated AWS of one world, as a process: its work must not count as the worker's. */
import { startSimulator, type ScenarioPatch } from '../../../src/simulator';
import { serve, settingsOf } from './host';

async function main(): Promise<void> {
  const { scenario } = settingsOf() as { scenario: ScenarioPatch };
  const simulator = await startSimulator({ scenario });
  serve({ ready: { url: simulator.url }, stop: () => simulator.close() });
}

void main();
