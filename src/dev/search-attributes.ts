/** Which search attributes does a Temporal server still lack, and how are they added? */
import { SEARCH_ATTRIBUTES } from '../contracts/names';

/** The part of Temporal's operator service that is needed; both client and worker connections have it. */
interface Operator {
  listSearchAttributes(request: { namespace: string }): Promise<{ customAttributes?: Record<string, unknown> | null }>;
}

/** Names of the missing ones. An attribute that is not registered would hang every workflow task that sets it. */
export async function missingSearchAttributes(operator: Operator, namespace: string): Promise<string[]> {
  const { customAttributes } = await operator.listSearchAttributes({ namespace });
  return Object.keys(SEARCH_ATTRIBUTES).filter((name) => !(name in (customAttributes ?? {})));
}

/** What is missing and the command that adds it. */
export function searchAttributeAdvice(missing: readonly string[], namespace: string): string {
  const options = missing.map((name) => {
    const type = SEARCH_ATTRIBUTES[name as keyof typeof SEARCH_ATTRIBUTES];
    return `--name ${name} --type ${type}`;
  });
  return [
    `The Temporal namespace ${namespace} lacks search attributes: ${missing.join(', ')}. Waiting for them; add them with`,
    `temporal operator search-attribute create --namespace ${namespace} ${options.join(' ')}`,
  ].join('\n');
}
