/**
 * Has this client token been used before? Same token and same request: the first answer again. Same token and another
 * request: IdempotentParameterMismatch, also when the first was refused for capacity or quota
 * ("Ensuring idempotency in Amazon EC2 API requests"; the refused case is what users of CreateFleet report).
 */
import { AwsError } from './errors';

interface Remembered {
  digest: string;
  answer?: Promise<Record<string, unknown>>;
}

export interface TokenStore {
  seen: Map<string, Remembered>;
}

export function createTokens(): TokenStore {
  return { seen: new Map() };
}

/** EC2: "up to 64 ASCII characters". */
const MAX_TOKEN = 64;

/** After these refusals the token stays bound to its request, though nothing was made. */
const BINDING_REFUSALS = new Set([
  'InsufficientInstanceCapacity',
  'VcpuLimitExceeded',
  'MaxSpotInstanceCountExceeded',
  'SpotMaxPriceTooLow',
  'Unsupported',
  'InsufficientFreeAddressesInSubnet',
]);

/** Runs `make` once per token within `scope` (account, region, operation, and zone where AWS scopes by zone). */
export async function once(
  store: TokenStore,
  scope: string,
  input: Record<string, unknown>,
  make: () => Record<string, unknown> | Promise<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const token = input['ClientToken'];
  if (typeof token !== 'string' || token === '') return make();
  if (!isToken(token)) {
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${token}) for parameter clientToken is invalid. At most ${MAX_TOKEN} ASCII characters.`,
    );
  }
  const key = `${scope}/${token}`;
  const digest = JSON.stringify(sorted({ ...input, ClientToken: undefined }));
  const before = store.seen.get(key);
  if (before && before.digest !== digest) {
    throw new AwsError(
      'IdempotentParameterMismatch',
      'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
    );
  }
  if (before?.answer) return before.answer;
  return remember(store, key, digest, make);
}

async function remember(
  store: TokenStore,
  key: string,
  digest: string,
  make: () => Record<string, unknown> | Promise<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const answer = (async () => make())();
  store.seen.set(key, { digest, answer });
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AwsError && BINDING_REFUSALS.has(error.code)) store.seen.set(key, { digest });
    else store.seen.delete(key);
    throw error;
  }
}

function isToken(token: string): boolean {
  return token.length <= MAX_TOKEN && /^[\x20-\x7e]+$/.test(token);
}

/** The same value with object keys in order, so that equal requests have equal JSON. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value instanceof Date || value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, entry]) => entry !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => [key, sorted(entry)]),
  );
}
