/** How is one resource deleted, and what does AWS's answer mean? Refusals by code, and in one case by its words. */
import { Failure } from '../contracts/failures';
import type { Removal, TaggedResource } from '../contracts/inventory';
import { failureOf } from '../policy/refusals';

/**
 * Codes by which AWS refuses a deletion. Source: EC2 API error codes, and the Terraform AWS provider's errors.go for
 * the NotFound spellings. Whatever is not here is classed by the failure table.
 */
const IN_USE = new Set([
  'DependencyViolation',
  'InvalidGroup.InUse',
  'InvalidNetworkInterface.InUse',
  'InvalidIPAddress.InUse',
  'InvalidPlacementGroup.InUse',
  'VolumeInUse',
  'InvalidSnapshot.InUse',
  'IncorrectState',
  'IncorrectInstanceState',
  'ResourceInUse',
  'ConcurrentMutationLimitExceeded',
  'ResourceNotReady',
]);
const PROTECTED = new Set(['OperationNotPermitted']);
const GONE = /(\.NotFound(Exception)?|^NatGatewayNotFound|^InvalidAMIID\.Unavailable|^InvalidPlacementGroup\.Unknown)$/;
/** Failures that Temporal repeats; the batch is read again first, so what was already deleted is not asked twice. */
const REPEATED = new Set(['Throttled', 'ServiceUnavailable', 'NotYetVisible', 'Unclassified']);

/** Single calls of a batch in flight at a time; the pace itself is the limiter's. */
const AT_A_TIME = 5;

/** AWS's code of a failure. */
function codeIn(failure: Failure): string {
  const code = failure.details['code'];
  return typeof code === 'string' ? code : failure.type;
}

export function isGone(failure: Failure): boolean {
  return GONE.test(codeIn(failure));
}

/**
 * An interface that hangs on something is refused with a code that says nothing
 * (https://github.com/gruntwork-io/cloud-nuke/issues/431).
 */
function isAttached(failure: Failure): boolean {
  return codeIn(failure) === 'InvalidParameterValue' && failure.message.includes('is currently in use');
}

function isProtected(failure: Failure): boolean {
  return PROTECTED.has(codeIn(failure));
}

/** The answer for one resource from what its deletion threw; throws again what Temporal repeats. */
export function refused(id: string, error: unknown): Removal {
  if (!(error instanceof Failure)) throw error;
  const outcome = outcomeOf(error);
  if (outcome === undefined) throw error;
  return { id, outcome, detail: error.message };
}

/** The same for a refusal of one id inside a successful answer, where nothing is repeated by throwing. */
export function refusedBy(id: string, code: string, message: string): Removal {
  const type = failureOf(code, undefined, message);
  const failure = new Failure(type, `${code}: ${message}`, { code });
  return { id, outcome: outcomeOf(failure) ?? 'in-use', detail: failure.message };
}

function outcomeOf(failure: Failure): Removal['outcome'] | undefined {
  if (isGone(failure)) return 'gone';
  if (IN_USE.has(codeIn(failure)) || isAttached(failure)) return 'in-use';
  if (isProtected(failure)) return 'protected';
  if (failure.type === 'NotAuthorized') return 'denied';
  return REPEATED.has(failure.type) ? undefined : 'failed';
}

/** Deletes one by one, a few at a time, for APIs that take one id. The first failure that is repeated ends the batch. */
export async function removeEach(
  resources: TaggedResource[],
  remove: (resource: TaggedResource) => Promise<string>,
): Promise<Removal[]> {
  const answers: Removal[] = [];
  await atATime(resources, async (one) => {
    const { id } = one;
    const answer = await remove(one).then(
      (detail): Removal => ({ id, outcome: 'asked', detail }),
      (error: unknown) => refused(id, error),
    );
    answers.push(answer);
  });
  return answers;
}

/** Works through a list, a few at a time; the first that rejects ends it. */
export async function atATime<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, items.length) }, worker));
}

/**
 * Deletes many by an API that refuses a batch as a whole, which EC2 does for one protected or unknown id among them.
 * A refused batch is halved until each refusal has its id; a missing permission refuses all alike.
 */
export async function removeTogether(
  resources: TaggedResource[],
  remove: (ids: string[]) => Promise<string>,
): Promise<Removal[]> {
  const ids = resources.map((resource) => resource.id);
  if (ids.length === 0) return [];
  try {
    const detail = await remove(ids);
    return ids.map((id) => ({ id, outcome: 'asked', detail }));
  } catch (error) {
    const first = refused(ids[0] ?? '', error);
    if (ids.length === 1) return [first];
    if (first.outcome === 'denied') return ids.map((id) => ({ ...first, id }));
    const middle = Math.ceil(resources.length / 2);
    return [
      ...(await removeTogether(resources.slice(0, middle), remove)),
      ...(await removeTogether(resources.slice(middle), remove)),
    ];
  }
}
