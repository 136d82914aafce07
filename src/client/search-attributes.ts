/** Which search attributes does a Temporal server still lack, and how are they added? */
import { SEARCH_ATTRIBUTES } from '../contracts/names';

type Name = keyof typeof SEARCH_ATTRIBUTES;

/** The part of Temporal's operator service that is needed; both client and worker connections have it. */
interface Operator {
  listSearchAttributes(request: { namespace: string }): Promise<{ customAttributes?: Record<string, unknown> | null }>;
}

interface Registrar {
  addSearchAttributes(request: { namespace: string; searchAttributes: Record<string, number> }): Promise<unknown>;
}

/** Numbers of Temporal's API. Source: https://github.com/temporalio/api, temporal/api/enums/v1/common.proto, IndexedValueType. */
const TYPES = { Keyword: 2, Int: 3, Double: 4, Datetime: 6 } as const satisfies Record<
  (typeof SEARCH_ATTRIBUTES)[Name],
  number
>;

/** Names of the missing ones. An attribute that is not registered would hang every workflow task that sets it. */
export async function missingSearchAttributes(operator: Operator, namespace: string): Promise<Name[]> {
  const { customAttributes } = await operator.listSearchAttributes({ namespace });
  return (Object.keys(SEARCH_ATTRIBUTES) as Name[]).filter((name) => !(name in (customAttributes ?? {})));
}

/** Registers them; what is there already must not be among them. */
export async function addSearchAttributes(
  operator: Registrar,
  namespace: string,
  names: readonly Name[],
): Promise<void> {
  if (names.length === 0) return;
  const searchAttributes = Object.fromEntries(names.map((name) => [name, TYPES[SEARCH_ATTRIBUTES[name]]]));
  await operator.addSearchAttributes({ namespace, searchAttributes });
}

/** What is missing and the command that adds it. */
export function searchAttributeAdvice(missing: readonly Name[], namespace: string): string {
  const options = missing.map((name) => `--name ${name} --type ${SEARCH_ATTRIBUTES[name]}`);
  return [
    `The Temporal namespace ${namespace} lacks search attributes: ${missing.join(', ')}. Waiting for them; add them with`,
    `holdfast setup, or temporal operator search-attribute create --namespace ${namespace} ${options.join(' ')}`,
  ].join('\n');
}
