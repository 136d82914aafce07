/** Which notices of an `interruption` signal can be understood? Anybody may send one, so nothing of it is trusted. */
import { INTERRUPTION_KINDS, INTERRUPTION_SOURCES, type Interruption } from '../contracts/interruptions';

/** What was understood, and a line for each notice that was not. */
export interface Notices {
  notices: Interruption[];
  refused: string[];
}

/**
 * Reads a list of notices, or one. A person need only say which instance, what and why; `at` (ISO) fills in the times.
 *
 *     [{"instanceId": "i-1", "kind": "reclaim", "reason": "maintenance of ours"}] -> a notice of a person, now
 *     "i-1 is gone", {"instanceId": "i-1", "kind": "eaten"}                       -> refused, one line each
 */
export function readNotices(input: unknown, at: string): Notices {
  const read: Notices = { notices: [], refused: [] };
  for (const value of Array.isArray(input) ? (input as unknown[]) : [input]) {
    const fields = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
    const problem = problemOf(fields);
    if (problem === undefined) read.notices.push(noticeOf(fields as Partial<Interruption> & Said, at));
    else read.refused.push(`refused an interruption: ${problem}`);
  }
  return read;
}

/** What has to be said. */
type Said = Pick<Interruption, 'instanceId' | 'kind' | 'reason'>;

function noticeOf(said: Partial<Interruption> & Said, at: string): Interruption {
  const { instanceId, kind, reason, region = '', source = 'person', noticeAt = at, detectedAt = at, endsAt } = said;
  const when = { noticeAt, detectedAt, ...(endsAt === undefined ? {} : { endsAt }) };
  return { instanceId, region, kind, source, ...when, reason };
}

/** The first thing that is wrong, naming what would be right. */
function problemOf(fields: Record<string, unknown>): string | undefined {
  const { instanceId, kind, reason, region = '', source = 'person' } = fields;
  if (typeof instanceId !== 'string' || !/^i-[0-9a-f]{8,17}$/.test(instanceId)) return 'instanceId is no instance id';
  if (!isOneOf(INTERRUPTION_KINDS, kind)) return `kind is none of ${INTERRUPTION_KINDS.join(', ')}`;
  if (!isOneOf(INTERRUPTION_SOURCES, source)) return `source is none of ${INTERRUPTION_SOURCES.join(', ')}`;
  if (typeof reason !== 'string' || reason === '' || reason.length > 200)
    return 'reason is no text of 1 to 200 letters';
  if (typeof region !== 'string') return 'region is no text';
  const wrong = ['noticeAt', 'detectedAt', 'endsAt'].find((name) => name in fields && !isTime(fields[name]));
  return wrong === undefined ? undefined : `${wrong} is no ISO time`;
}

function isOneOf(words: readonly string[], value: unknown): boolean {
  return typeof value === 'string' && words.includes(value);
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && Number.isFinite(Date.parse(value));
}
