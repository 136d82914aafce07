/** What does EC2 say through EventBridge? The three events about an instance that concern a node. */
import { z } from 'zod';
import { accountId, regionName } from './place';
import { parseWith, type Parsed } from './parse';

/*
 * Shapes: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html,
 * rebalance-recommendations.html and monitoring-instance-state-changes.html beside it. Fields that AWS adds pass.
 */
const instanceId = z.string().regex(/^i-[0-9a-f]{8,17}$/, 'is no instance id');

const envelope = {
  source: z.literal('aws.ec2'),
  account: accountId,
  time: z.iso.datetime({ offset: true, error: 'is no time: expected 2026-01-31T12:00:00Z' }),
  region: regionName,
};

export const awsEventSchema = z.discriminatedUnion('detail-type', [
  z.looseObject({
    ...envelope,
    'detail-type': z.literal('EC2 Spot Instance Interruption Warning'),
    detail: z.looseObject({
      'instance-id': instanceId,
      'instance-action': z.enum(['terminate', 'stop', 'hibernate']),
    }),
  }),
  z.looseObject({
    ...envelope,
    'detail-type': z.literal('EC2 Instance Rebalance Recommendation'),
    detail: z.looseObject({ 'instance-id': instanceId }),
  }),
  z.looseObject({
    ...envelope,
    'detail-type': z.literal('EC2 Instance State-change Notification'),
    detail: z.looseObject({
      'instance-id': instanceId,
      state: z.enum(['pending', 'running', 'shutting-down', 'terminated', 'stopping', 'stopped']),
    }),
  }),
]);

export type AwsEvent = z.output<typeof awsEventSchema>;

/** Parses an event as EventBridge delivers it; one line per wrong field. */
export function parseAwsEvent(input: unknown): Parsed<AwsEvent> {
  return parseWith(awsEventSchema, input);
}
