/** What became of nodes that were taken away? One line per loss. */
import type { InterruptionRecord } from '../../contracts/failover';
import { span } from './format';
import type { Style } from './style';

/** `bookkeeper-1 lost from ...: instance-terminated-no-capacity; replaced in ... after 12s`. */
export function lossLines(records: InterruptionRecord[], style: Style): string[] {
  return records.map((record) => {
    const lost = `${record.slot} ${style.yellow('lost')} from ${record.pool}: ${record.reason}`;
    if (record.missed !== undefined) return `${lost}; ${style.yellow('not replaced')}: ${record.missed}`;
    if (record.promotedAt === undefined) return lost;
    const times = (['detectedAt', 'askedAt', 'runningAt', 'readyAt'] as const).map((when) => {
      const seconds = secondsAfterNotice(record, when);
      return `${when.slice(0, -2)} after ${seconds === undefined ? '?' : span(seconds)}`;
    });
    return `${lost}; ${style.green('replaced')} in ${record.newPool ?? '?'} (${times.join(', ')})`;
  });
}

/** Seconds from the notice to a moment of the record; undefined when it never came. */
export function secondsAfterNotice(
  record: InterruptionRecord,
  when: 'detectedAt' | 'askedAt' | 'runningAt' | 'readyAt',
): number | undefined {
  const at = record[when];
  return at === undefined ? undefined : Math.max(0, (Date.parse(at) - Date.parse(record.noticeAt)) / 1000);
}
