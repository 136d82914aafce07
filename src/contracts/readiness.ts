/** What does a node have to pass, and what was seen? The words of the readiness cascade, as plain data. */

import type { SlotVolume } from './volumes';

/** The stages in order. */
export const GATES = ['ec2', 'ssm', 'setup', 'service', 'endpoint'] as const;
export type Gate = (typeof GATES)[number];

/** What was seen when a gate was passed or missed. */
export interface Evidence {
  gate: Gate;
  passed: boolean;
  /** One short line: `running`, `agent 3.3 online`, `zookeeper.service active`, `tcp 2181 answered imok`. */
  seen: string;
  /** AWS's code for why the instance ended, when it gave one. */
  code?: string;
  /** ISO time of the observation. */
  at: string;
  /** Milliseconds from entering the gate to this observation. */
  afterMs: number;
}

/** One health check of the endpoint gate. */
export type HealthCheck =
  | { tcp: number; send?: string; expect?: string }
  | { http: number; path: string; status: number; body?: string }
  | { command: string };

/** Where a node stands. */
export interface NodeProgress {
  slot: string;
  component: string;
  instanceId: string;
  region: string;
  /** The gate it is at; `ready` when all are passed, `failed` when one was missed. */
  at: Gate | 'ready' | 'failed';
  /** ISO time at which it entered the present gate. */
  since: string;
  /** ISO time at which it entered the first gate. */
  startedAt: string;
  /** Milliseconds it waited for the components it depends on; they count against no limit. */
  waitedMs: number;
  privateIp?: string;
  /** Data volumes that came along with the slot. */
  volumes?: SlotVolume[];
  evidence: Evidence[];
}
