/** What follows from the reply to a launch request: enough, ask again, or stop? */
import { poolKey, type Attempt, type ErrorClass, type Refusal } from '../contracts/capacity';

/** The reply, and what it was asked for. */
export interface LaunchReply {
  refusals: readonly Refusal[];
  /** How many instances came. */
  launched: number;
  /** How many were asked for. */
  missing: number;
  /** Attempts of the component before this one, oldest first: what stays unknown or unseen is not tried for ever. */
  earlier?: readonly Pick<Attempt, 'launched' | 'refusals'>[];
  /** False when only spot is allowed: then a right that only spot needs stops the chain. */
  mayBuyOnDemand?: boolean;
}

/** The next move. Notes are for the log and the timeline, one line each. */
export type NextMove =
  | { kind: 'enough'; notes: string[] }
  | {
      kind: 'again';
      notes: string[];
      /**
       * Set when the reply judged no pool (throttled, not visible yet, AWS in trouble): wait this long and do not
       * count the pools of the request as asked.
       */
      repeatAfterMs?: number;
    }
  | { kind: 'stop'; failure: 'NotAuthorized' | 'InvalidRequest'; message: string };

/** The spot service does not start without this role, and it is made once per account. */
const SPOT_ROLE_HINT = 'aws iam create-service-linked-role --aws-service-name spot.amazonaws.com';

/**
 * How often a request is repeated when its reply judged no pool, at 1, 2, 4, 8, 16, 16 s. EC2 shows what was made
 * within a minute, so six cover it; for AWS in trouble three are enough, since the next pool may be better off.
 */
const REPEATS: Partial<Record<ErrorClass, number>> = {
  consistency: 6,
  'auth-refresh': 1,
  throttle: 6,
  transient: 3,
};
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 16_000;

/**
 * What came is kept. A missing right or a wrong request stops the chain at once, but only when nothing was launched
 * and every refusal says so: a type that a policy forbids must not stop those it allows. Everything else goes on with
 * the pools that are left; what to leave out is the pool memory's business.
 *
 *     3 of 3 launched, 2 pools refused                      -> enough
 *     0 of 3, InsufficientInstanceCapacity everywhere       -> again
 *     0 of 3, UnauthorizedOperation everywhere              -> stop, NotAuthorized
 *     0 of 3, UnauthorizedOperation in a, no capacity in b  -> again
 *     0 of 3, the new security group is not found           -> again with the same pools, at most 6 times, then stop
 *     0 of 3, a code nobody knows; the same once more       -> again and loud; then stop, InvalidRequest
 */
export function afterReply(reply: LaunchReply): NextMove {
  const { refusals, launched, missing, earlier = [] } = reply;
  const notes = unknownNotes(refusals);
  if (launched >= missing) return { kind: 'enough', notes };
  if (launched > 0 || refusals.length === 0) return { kind: 'again', notes };
  const repeats = trailing(earlier, judgesNoPool);
  if (judgesNoPool(reply) && refusals.every((refusal) => repeats < repeatsOf(refusal))) {
    return { kind: 'again', notes, repeatAfterMs: Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** repeats) };
  }
  if (!refusals.every((refusal) => isFinal(refusal, reply))) return { kind: 'again', notes };
  const missingRight = refusals.some(({ class: word }) => word === 'auth' || word === 'auth-refresh');
  return { kind: 'stop', failure: missingRight ? 'NotAuthorized' : 'InvalidRequest', message: told(refusals) };
}

/** Whether asking another pool cannot change this answer. */
function isFinal(refusal: Refusal, { earlier = [], mayBuyOnDemand = true }: LaunchReply): boolean {
  switch (refusal.class) {
    case 'config':
    case 'shape':
    case 'auth-refresh':
    case 'consistency':
      return true;
    case 'auth':
      return refusal.scope !== 'market' || !mayBuyOnDemand;
    case 'unknown':
      return wasSeen(refusal.code, earlier);
    case 'idempotency':
      // A token whose instances have ended is replaced by the one of the next request.
      return refusal.code === 'IdempotentParameterMismatch';
    default:
      return false;
  }
}

function judgesNoPool({ launched, refusals }: Pick<Attempt, 'launched'> & { refusals: readonly Refusal[] }): boolean {
  return launched === 0 && refusals.length > 0 && refusals.every((refusal) => repeatsOf(refusal) > 0);
}

function repeatsOf(refusal: Refusal): number {
  return refusal.scope === 'none' ? (REPEATS[refusal.class] ?? 0) : 0;
}

/** Whether an attempt met the code before, with no launch since then. */
function wasSeen(code: string, earlier: NonNullable<LaunchReply['earlier']>): boolean {
  const fruitless = trailing(earlier, (attempt) => attempt.launched === 0);
  const recent = earlier.slice(earlier.length - fruitless);
  return recent.some((attempt) => attempt.refusals.some((refusal) => refusal.code === code));
}

/** How many of the latest attempts hold the condition without a gap. */
function trailing<T>(all: readonly T[], holds: (each: T) => boolean): number {
  return all.length - 1 - all.findLastIndex((each) => !holds(each));
}

function unknownNotes(refusals: readonly Refusal[]): string[] {
  return byCode(refusals.filter((refusal) => refusal.class === 'unknown')).map(
    (same) => `unknown AWS code, each pool is tried once and no more: ${line(same)}`,
  );
}

function told(refusals: readonly Refusal[]): string {
  const lines = byCode(refusals).map(line);
  if (refusals.some((refusal) => refusal.scope === 'market')) lines.push(`Create the role: ${SPOT_ROLE_HINT}`);
  return lines.join('\n');
}

function line([first, ...others]: [Refusal, ...Refusal[]]): string {
  const more = others.length === 0 ? '' : ` and ${String(others.length)} more`;
  return `${first.code}: ${first.message} (${poolKey(first.pool)}${more})`;
}

function byCode(refusals: readonly Refusal[]): [Refusal, ...Refusal[]][] {
  const groups = new Map<string, [Refusal, ...Refusal[]]>();
  for (const refusal of refusals) {
    const group = groups.get(refusal.code);
    if (group === undefined) groups.set(refusal.code, [refusal]);
    else group.push(refusal);
  }
  return [...groups.values()];
}
