/** An experiment in the middle of its life, for tests of what people see. */
import type { ScheduleDetails } from '../../src/client';
import type { Attempt } from '../../src/contracts/capacity';
import type { ExperimentResult, ExperimentStatus, Node } from '../../src/contracts/messages';
import type { Evidence, Gate, NodeProgress } from '../../src/contracts/readiness';

export const STARTED = '2026-01-02T15:04:00.000Z';

export function aNode(slot: string, more: Partial<Node> = {}): Node {
  return {
    slot,
    component: slot.slice(0, slot.lastIndexOf('-')),
    generation: 1,
    instanceId: `i-${slot}`,
    instanceType: 't3.small',
    region: 'us-west-2',
    zone: 'us-west-2b',
    market: 'spot',
    usdPerHour: 0.007,
    onDemandUsdPerHour: 0.02,
    ...more,
  };
}

export function evidence(gate: Gate, seen: string, more: Partial<Evidence> = {}): Evidence {
  return { gate, passed: true, seen, at: '2026-01-02T15:04:05.000Z', afterMs: 2500, ...more };
}

export function progressOf(slot: string, at: NodeProgress['at'], seen: Evidence[] = []): NodeProgress {
  const since = '2026-01-02T15:04:10.000Z';
  const component = slot.slice(0, slot.lastIndexOf('-'));
  const node = { slot, component, instanceId: `i-${slot}`, region: 'us-west-2' };
  return { ...node, at, since, startedAt: STARTED, waitedMs: 3000, evidence: seen };
}

export function anAttempt(more: Partial<Attempt> = {}): Attempt {
  return {
    component: 'broker',
    region: 'us-west-2',
    tier: 'spot',
    market: 'spot',
    pools: ['us-west-2a/t3.small/spot', 'us-west-2b/t3.small/spot'],
    asked: 2,
    launched: 1,
    refusals: [refusal('us-west-2a'), refusal('us-west-2b')],
    seconds: 0.42,
    at: '2026-01-02T15:04:01.000Z',
    ...more,
  };
}

function refusal(zone: string): Attempt['refusals'][number] {
  return {
    pool: { region: 'us-west-2', zone, instanceType: 't3.small', market: 'spot' },
    code: 'InsufficientInstanceCapacity',
    message: 'no capacity',
    class: 'capacity',
    scope: 'pool',
  };
}

export function aStatus(more: Partial<ExperimentStatus> = {}): ExperimentStatus {
  return {
    experimentId: 'lab-260102-1504-x7kd',
    name: 'lab',
    owner: 'ada',
    phase: 'Configuring',
    region: 'us-west-2',
    startedAt: STARTED,
    expiresAt: '2026-01-02T17:04:00.000Z',
    nodes: [aNode('broker-0')],
    spares: [],
    progress: [progressOf('broker-0', 'service', [evidence('ec2', 'running'), evidence('ssm', 'agent 3.3 online')])],
    desired: { broker: 2 },
    attempts: [anAttempt()],
    interruptions: [],
    steps: [],
    cost: { usdPerHour: 0.007, onDemandUsdPerHour: 0.02, spentUsd: 0.0001, atExpiryUsd: 0.014, at: STARTED },
    timeline: [{ seq: 1, at: STARTED, text: 'Planning', phase: 'Planning' }],
    reached: { Planning: STARTED },
    ...more,
  };
}

export function aResult(more: Partial<ExperimentResult> = {}): ExperimentResult {
  return {
    experimentId: 'lab-260102-1504-x7kd',
    phase: 'Done',
    nodes: [aNode('broker-0'), aNode('broker-1', { market: 'on-demand', usdPerHour: 0.02 })],
    attempts: [anAttempt()],
    steps: [
      {
        name: 'load',
        slot: 'broker-0',
        exitCode: 0,
        seconds: 12,
        result: { rate: 200 },
        outputs: { stdout: '', stderr: '' },
      },
    ],
    interruptions: [],
    cost: { usdPerHour: 0, onDemandUsdPerHour: 0, spentUsd: 0.0004, atExpiryUsd: 0.0004, at: STARTED },
    certificate: {
      verdict: 'clean',
      resources: 12,
      left: [],
      digest: 'abcdef0123456789',
      document: '/home/ada/c.json',
    },
    results: '/home/ada/.holdfast/experiments/lab',
    ...more,
  };
}

/** A nightly run that was skipped once. */
export function aSchedule(more: Partial<ScheduleDetails> = {}): ScheduleDetails {
  return {
    id: 'nightly',
    does: 'start',
    paused: false,
    when: '0 2 * * *',
    timeZone: 'Europe/Berlin',
    next: ['2026-01-03T01:00:00.000Z', '2026-01-04T01:00:00.000Z'],
    recent: [
      { id: 'nightly-2026-01-02T01:00:00Z', dueAt: '2026-01-02T01:00:00.000Z', startedAt: '2026-01-02T01:00:01.000Z' },
    ],
    overlap: 'skip',
    catchUpSeconds: 3600,
    jitterSeconds: 0,
    taken: 7,
    skipped: 1,
    missed: 0,
    running: [],
    experiments: [
      {
        id: 'nightly-2026-01-02T01:00:00Z',
        runId: 'r',
        state: 'FAILED',
        startedAt: '2026-01-02T01:00:01.000Z',
        phase: 'Failed',
        reason: 'Capacity',
      },
    ],
    notRun: [{ dueAt: '2026-01-01T01:00:00.000Z', why: 'skipped: nightly-2025-12-31T01:00:00Z was running' }],
    ...more,
  };
}
