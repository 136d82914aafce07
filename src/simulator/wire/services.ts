/** Which operation does a name mean? The operations of four services, as the SDK's clients describe them. */
import * as ec2 from '@aws-sdk/client-ec2';
import * as tagging from '@aws-sdk/client-resource-groups-tagging-api';
import * as ssm from '@aws-sdk/client-ssm';
import * as sts from '@aws-sdk/client-sts';
import type { $Schema } from '@smithy/types';
import { planOf, type Plan } from './plan';

export type Service = 'ec2' | 'ssm' | 'tagging' | 'sts';

export interface Operation {
  name: string;
  input: Plan;
  output: Plan;
  inputSchema: $Schema;
  outputSchema: $Schema;
}

const CLIENTS: Record<Service, Record<string, unknown>> = { ec2, ssm, tagging, sts };

/** The mark of an operation in a static schema tuple. */
const OPERATION_MARK = 9;

const known = new Map<string, Operation | undefined>();

/** The operation's shapes, or undefined when the service has none of that name. */
export function operationOf(service: Service, name: string): Operation | undefined {
  const key = `${service}/${name}`;
  if (!known.has(key)) known.set(key, compile(CLIENTS[service][`${name}$`], name));
  return known.get(key);
}

/** Every operation name of a service, for tests that go over all of them. */
export function operationNames(service: Service): string[] {
  return Object.entries(CLIENTS[service])
    .filter(([, value]) => isOperation(value))
    .map(([key]) => key.slice(0, -1));
}

function compile(tuple: unknown, name: string): Operation | undefined {
  if (!isOperation(tuple)) return undefined;
  const [input, output] = [resolve(tuple[4]), resolve(tuple[5])];
  return { name, input: planOf(input), output: planOf(output), inputSchema: input, outputSchema: output };
}

function isOperation(value: unknown): value is unknown[] {
  return Array.isArray(value) && value[0] === OPERATION_MARK && value.length >= 6;
}

function resolve(schema: unknown): $Schema {
  return (typeof schema === 'function' ? (schema as () => $Schema)() : schema) as $Schema;
}
