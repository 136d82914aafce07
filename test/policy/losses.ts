/** Members, notices and records that tests of failover start from. */
import type { InterruptionRecord } from '../../src/contracts/failover';
import type { Interruption, InterruptionKind } from '../../src/contracts/interruptions';
import type { Node } from '../../src/contracts/messages';
import type { Loss } from '../../src/policy/failover';
import { experimentSchema, type ComponentSpec, type ExperimentInput } from '../../src/schemas/experiment';

export const NOW = Date.parse('2026-03-01T12:00:00Z');

/** A component with every default. */
export function component(over: ExperimentInput['components'][string] = {}): ComponentSpec {
  const { components } = experimentSchema.parse({ components: { any: over } });
  return components['any']!;
}

/** The member of a slot: `broker-0` in its first generation is instance `i-broker-0.1`. */
export function member(slot: string, generation = 1): Node {
  const place = { region: 'us-west-2', zone: 'us-west-2a', instanceType: 't3.micro', market: 'spot' as const };
  const name = slot.slice(0, slot.lastIndexOf('-'));
  return { slot, component: name, generation, instanceId: `i-${slot}.${String(generation)}`, ...place };
}

/** All members of a component in their first generation. */
export function members(name: string, count: number): Node[] {
  return Array.from({ length: count }, (_, ordinal) => member(`${name}-${String(ordinal)}`));
}

export function notice(node: Node, kind: InterruptionKind = 'reclaim', atMs = NOW): Interruption {
  const at = new Date(atMs).toISOString();
  const { instanceId, region } = node;
  return { instanceId, region, kind, source: 'spot-request', reason: 'test', noticeAt: at, detectedAt: at };
}

export function loss(node: Node, kind: InterruptionKind = 'reclaim', atMs = NOW): Loss {
  return { node, notice: notice(node, kind, atMs) };
}

/** What is known of a loss; being replaced unless said otherwise. */
export function record(node: Node, over: Partial<InterruptionRecord> = {}): InterruptionRecord {
  const { slot, component: name, instanceId } = node;
  const at = new Date(NOW - 60_000).toISOString();
  const times = { noticeAt: at, detectedAt: at, askedAt: at };
  return {
    slot,
    component: name,
    kind: 'reclaim',
    oldInstance: instanceId,
    reason: 'test',
    pool: 'p',
    ...times,
    ...over,
  };
}
