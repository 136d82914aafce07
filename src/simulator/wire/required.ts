/** Is everything there that the shape requires? At every depth, with the words of the service's protocol. */
import { AwsError } from '../errors';
import type { Protocol } from './identify';
import type { Plan, StructPlan } from './plan';

/** Throws for the first required member that is missing. */
export function checkRequired(protocol: Protocol, plan: Plan, value: unknown, path = ''): void {
  if (value === undefined || value === null) return;
  if (plan.kind === 'struct') checkMembers(protocol, plan, value as Record<string, unknown>, path);
  else if (plan.kind !== 'scalar') {
    const items = plan.kind === 'list' ? plan.item : plan.value;
    for (const [key, item] of Object.entries(value)) {
      // Lists count from 1 on the wire.
      checkRequired(protocol, items, item, `${path}.${plan.kind === 'list' ? Number(key) + 1 : key}`);
    }
  }
}

function checkMembers(protocol: Protocol, plan: StructPlan, value: Record<string, unknown>, path: string): void {
  for (const member of plan.members) {
    const inner = value[member.name];
    const here = path === '' ? member.name : `${path}.${member.name}`;
    if (member.required && (inner === undefined || inner === null)) throw missing(protocol, here);
    checkRequired(protocol, member.plan, inner, here);
  }
}

function missing(protocol: Protocol, path: string): AwsError {
  if (protocol === 'ec2') return new AwsError('MissingParameter', `The request must contain the parameter ${path}`);
  const name = path.charAt(0).toLowerCase() + path.slice(1);
  return new AwsError(
    'ValidationException',
    `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
  );
}
