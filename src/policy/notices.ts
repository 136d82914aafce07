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

/** What each field has to be, in the order in which mistakes are told. */
const FIELDS: { name: keyof Interruption; isOptional: boolean; isRight: (value: unknown) => boolean; else: string }[] =
  [
    { name: 'instanceId', isOptional: false, isRight: isInstanceId, else: 'no instance id' },
    {
      name: 'kind',
      isOptional: false,
      isRight: oneOf(INTERRUPTION_KINDS),
      else: `none of ${INTERRUPTION_KINDS.join(', ')}`,
    },
    { name: 'reason', isOptional: false, isRight: isReason, else: 'no text of 1 to 200 letters' },
    {
      name: 'source',
      isOptional: true,
      isRight: oneOf(INTERRUPTION_SOURCES),
      else: `none of ${INTERRUPTION_SOURCES.join(', ')}`,
    },
    { name: 'region', isOptional: true, isRight: (value) => typeof value === 'string', else: 'no text' },
    { name: 'noticeAt', isOptional: true, isRight: isTime, else: 'no ISO time' },
    { name: 'detectedAt', isOptional: true, isRight: isTime, else: 'no ISO time' },
    { name: 'endsAt', isOptional: true, isRight: isTime, else: 'no ISO time' },
  ];

function problemOf(fields: Record<string, unknown>): string | undefined {
  const wrong = FIELDS.find(
    ({ name, isOptional, isRight }) => !(isOptional && fields[name] === undefined) && !isRight(fields[name]),
  );
  return wrong === undefined ? undefined : `${wrong.name} is ${wrong.else}`;
}

function isInstanceId(value: unknown): boolean {
  return typeof value === 'string' && /^i-[0-9a-f]{8,17}$/.test(value);
}

function isReason(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= 200;
}

function oneOf(words: readonly string[]): (value: unknown) => boolean {
  return (value) => typeof value === 'string' && words.includes(value);
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && Number.isFinite(Date.parse(value));
}
