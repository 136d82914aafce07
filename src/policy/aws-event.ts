/** What does an event of EC2 mean for a node? */
import type { Interruption } from '../contracts/interruptions';
import type { AwsEvent } from '../schemas/aws-event';
import { NOTICE_MS } from './interruptions';

const DOWN = ['shutting-down', 'terminated', 'stopping', 'stopped'];

/** The notice of an event; undefined when nothing is lost by it. `stateReason` is EC2's own code for an ending. */
export function interruptionOf(event: AwsEvent, stateReason: string | undefined, at: string): Interruption | undefined {
  const noticeAt = new Date(event.time).toISOString();
  const about = {
    instanceId: event.detail['instance-id'],
    region: event.region,
    source: 'aws-event',
    noticeAt,
    detectedAt: at,
  } as const;
  switch (event['detail-type']) {
    case 'EC2 Spot Instance Interruption Warning': {
      const action = event.detail['instance-action'];
      // Hibernation begins at once, without two minutes' notice. Source: EC2 User Guide, interruption notices.
      const leftMs = action === 'hibernate' ? 0 : NOTICE_MS;
      const endsAt = new Date(Date.parse(noticeAt) + leftMs).toISOString();
      return {
        ...about,
        kind: 'reclaim',
        endsAt,
        reason: action === 'terminate' ? 'marked-for-termination' : 'marked-for-stop',
      };
    }
    case 'EC2 Instance Rebalance Recommendation':
      return { ...about, kind: 'rebalance', reason: 'rebalance-recommendation' };
    case 'EC2 Instance State-change Notification': {
      const { state } = event.detail;
      return DOWN.includes(state) ? { ...about, kind: 'ended', reason: stateReason ?? state } : undefined;
    }
  }
}
