import { criticalPathSeconds } from '../../src/dev/critical-path';
import { demoReport } from '../../src/dev/demo-report';
import { parseExperiment } from '../../src/schemas/parse';
import type { ExperimentSpec } from '../../src/schemas/experiment';
import { aResult } from './fixtures';

function specOf(components: Record<string, object>): ExperimentSpec {
  const parsed = parseExperiment({ instanceProfile: 'p', components });
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.value;
}

const machine = (component: string, more: Record<string, number>) => ({
  id: `i-${component}`,
  type: 'instance',
  tags: { Component: component },
  draws: { launchCall: 1000, pendingToRunning: 2000, runningToAgent: 1000, ...more },
});

describe('the critical path', () => {
  it('is the slowest node when nothing depends on anything: services start with their machine', () => {
    const spec = specOf({ a: { services: ['a.service'] }, b: {} });
    const nodes = [machine('a', { 'service:a.service': 5000 }), machine('b', {})];

    expect(criticalPathSeconds(spec, nodes)).toBe(8);
  });

  it('adds up over levels that are set up one after another', () => {
    const spec = specOf({
      a: { setup: 'x', services: ['a.service'] },
      b: { setup: 'x', services: ['b.service'], dependsOn: ['a'] },
      c: { dependsOn: ['b'] },
    });
    const nodes = [
      machine('a', { 'service:a': 3000, commandDelivery: 500 }),
      machine('b', { 'service:b': 2000, commandDelivery: 500 }),
      machine('c', { commandDelivery: 500 }),
    ];

    expect(criticalPathSeconds(spec, nodes)).toBe(10);
  });

  it('counts the slowest of a component and ignores other resources', () => {
    const spec = specOf({ a: { count: 2 } });
    const volume = { id: 'v', type: 'volume', tags: { Component: 'a' }, draws: { launchCall: 99_000 } };

    expect(criticalPathSeconds(spec, [machine('a', {}), machine('a', { pendingToRunning: 4000 }), volume])).toBe(6);
  });
});

describe('the demo document', () => {
  it('has the same members whatever happened', () => {
    const ledger = { launched: 2, alive: 0, duplicates: 0, untagged: 0, calls: { CreateFleet: 3 } };
    const report = demoReport({ result: aResult(), ledger, events: 90, totalSeconds: 41.26, criticalPathSeconds: 9 });

    expect(report).toMatchObject({
      experiment: { id: 'lab-260102-1504-x7kd', phase: 'Done', reason: null },
      attempts: [{ tier: 'spot', market: 'spot', launched: 1, refusals: [{ class: 'capacity', scope: 'pool' }, {}] }],
      nodes: [{ slot: 'broker-0', instanceId: 'i-broker-0', type: 't3.small', market: 'spot' }, {}],
      steps: [{ name: 'load', exitCode: 0, result: { rate: 200 } }],
      certificate: { verdict: 'clean', resources: 12 },
      ledger,
      history: { events: 90 },
      seconds: { total: 41.3, criticalPath: 9 },
    });
  });
});
