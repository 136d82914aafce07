/** How is an output written as XML? Member by member along its plan; what the plan lacks is never written. */
import type { Plan, Scalar } from './plan';

/** The elements inside the answer's root. Undefined and null members are left out. */
export function encodeXml(plan: Plan, value: unknown): string {
  const parts: string[] = [];
  write(parts, plan, value);
  return parts.join('');
}

function write(parts: string[], plan: Plan, value: unknown): void {
  if (plan.kind === 'scalar') {
    parts.push(escapeXml(textOf(plan.scalar, value)));
  } else if (plan.kind === 'struct') {
    const record = value as Record<string, unknown>;
    for (const member of plan.members) element(parts, member.xmlName, member.plan, record[member.name]);
  } else if (plan.kind === 'list') {
    for (const item of value as unknown[]) element(parts, plan.itemName, plan.item, item);
  } else {
    for (const entry of Object.entries(value as Record<string, unknown>)) {
      parts.push('<entry>');
      element(parts, plan.keyName, plan.key, entry[0]);
      element(parts, plan.valueName, plan.value, entry[1]);
      parts.push('</entry>');
    }
  }
}

function element(parts: string[], name: string, plan: Plan, value: unknown): void {
  if (value === undefined || value === null) return;
  if (plan.kind === 'list' && plan.flat) {
    for (const item of value as unknown[]) element(parts, name, plan.item, item);
    return;
  }
  parts.push('<', name, '>');
  write(parts, plan, value);
  parts.push('</', name, '>');
}

function textOf(scalar: Scalar, value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Date) {
    if (scalar === 'epoch-seconds') return String(value.getTime() / 1000);
    return scalar === 'http-date' ? value.toUTCString() : value.toISOString();
  }
  return String(value);
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeXml(text: string): string {
  return /[&<>"\r]/.test(text)
    ? text.replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char).replace(/\r/g, '&#xD;')
    : text;
}
