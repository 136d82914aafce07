/** What does a code of EC2 say about a node we have, and which notices are news? */
import type { Interruption, InterruptionKind } from '../contracts/interruptions';
import type { ErrorChannel } from './error-table';

/**
 * `going` and `gone`: AWS takes the node. `user-made`: somebody did it. `waiting`: there is no instance yet.
 * `broken`: it never came to life. `good`: nothing is wrong.
 */
export type Meaning = 'going' | 'gone' | 'user-made' | 'waiting' | 'broken' | 'good';

export interface CodeRow {
  code: string;
  channel: Exclude<ErrorChannel, 'call'>;
  meaning: Meaning;
  /** True when an instance that shows it is ending or about to. */
  isLoss: boolean;
}

type Group = Omit<CodeRow, 'code' | 'isLoss'> & { codes: string; isLoss?: boolean };

/*
 * Sources: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-request-status.html,
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html.
 * What a code blocks for the next launch stands in error-table.ts.
 */
const GROUPS: Group[] = [
  { channel: 'spot-status', meaning: 'going', codes: 'marked-for-termination marked-for-stop' },
  {
    // On a reclaim these show from the moment of the warning, while the instance still runs.
    channel: 'spot-status',
    meaning: 'gone',
    codes:
      'instance-terminated-no-capacity instance-terminated-by-price instance-terminated-by-service ' +
      'instance-terminated-by-schedule instance-terminated-launch-group-constraint instance-stopped-no-capacity ' +
      'instance-stopped-by-price limit-exceeded',
  },
  { channel: 'spot-status', meaning: 'user-made', codes: 'instance-terminated-by-user instance-stopped-by-user' },
  {
    channel: 'spot-status',
    meaning: 'user-made',
    codes: 'request-canceled-and-instance-running',
    isLoss: false,
  },
  {
    channel: 'spot-status',
    meaning: 'waiting',
    codes:
      'pending-evaluation pending-fulfillment not-scheduled-yet capacity-not-available price-too-low ' +
      'placement-group-constraint az-group-constraint launch-group-constraint constraint-not-fulfillable',
  },
  {
    channel: 'spot-status',
    meaning: 'broken',
    codes: 'bad-parameters system-error schedule-expired canceled-before-fulfillment',
    // The request failed; whether there was an instance, its own state says.
    isLoss: false,
  },
  { channel: 'spot-status', meaning: 'good', codes: 'fulfilled' },
  {
    channel: 'state-reason',
    meaning: 'gone',
    codes:
      'Server.SpotInstanceTermination Server.SpotInstanceShutdown Server.InsufficientInstanceCapacity Server.ScheduledStop',
  },
  {
    channel: 'state-reason',
    meaning: 'user-made',
    codes:
      'Client.UserInitiatedShutdown Client.UserInitiatedHibernate Client.InstanceInitiatedShutdown Client.InstanceTerminated',
  },
  {
    channel: 'state-reason',
    meaning: 'broken',
    codes: 'Server.InternalError Client.InternalError Client.InvalidSnapshot.NotFound Client.VolumeLimitExceeded',
  },
];

/** Every spot request status and every StateReason that EC2 documents, once each. */
export const NODE_CODES: readonly CodeRow[] = GROUPS.flatMap(({ codes, ...row }) =>
  codes.split(' ').map((code) => ({ isLoss: !['waiting', 'good'].includes(row.meaning), ...row, code })),
);

const ROWS = new Map(NODE_CODES.map((row) => [row.code, row]));

/** The row of a code; undefined for one that EC2 does not document. */
export function nodeCode(code: string): CodeRow | undefined {
  return ROWS.get(code);
}

/** How long before the end a spot instance is warned. Source: spot-instance-termination-notices, EC2 User Guide. */
export const NOTICE_MS = 120_000;
/** The request's status has been seen to trail the instance by up to a minute (GitLab fleeting, AWS plugin MR 36). */
const LAG_MS = 60_000;

const LOSS: readonly InterruptionKind[] = ['reclaim', 'ended'];

/**
 * Whether two notices about a node are one and the same, whoever brought them.
 *
 *     reclaim 12:00:00 by its spot request, reclaim 12:00:02 by an event   -> the same
 *     reclaim 12:00:00, ended 12:02:10                                     -> the same loss
 *     reclaim 12:00:00, ended 12:30 as Server.SpotInstanceTermination      -> the same, seen late
 *     reclaim 12:00:00, reclaim 12:30                                      -> a second notice
 */
export function isSameNotice(known: Interruption, next: Interruption): boolean {
  if (known.instanceId !== next.instanceId) return false;
  if (!LOSS.includes(known.kind) || !LOSS.includes(next.kind)) return isSameHint(known, next);
  const apartMs = Math.abs(Date.parse(next.noticeAt) - Date.parse(known.noticeAt));
  return apartMs <= NOTICE_MS + LAG_MS || (known.kind === 'reclaim' && isEndOfReclaim(next));
}

function isSameHint(known: Interruption, next: Interruption): boolean {
  if (known.kind !== next.kind) return false;
  // AWS dates a planned event by its start; its notice has no time of its own.
  if (next.kind === 'maintenance') return known.reason === next.reason && known.endsAt === next.endsAt;
  return known.noticeAt === next.noticeAt;
}

function isEndOfReclaim({ kind, reason }: Interruption): boolean {
  return kind === 'ended' && nodeCode(reason)?.meaning === 'gone';
}

/** What is known after some notices came in, and those among them that are news, each once. */
export function fuse(
  known: readonly Interruption[],
  incoming: readonly Interruption[],
): { known: Interruption[]; fresh: Interruption[] } {
  const fresh: Interruption[] = [];
  for (const next of incoming) {
    if (![...known, ...fresh].some((old) => isSameNotice(old, next))) fresh.push(next);
  }
  return { known: [...known, ...fresh], fresh };
}
