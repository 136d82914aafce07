/** What does a query-string body say? Dotted keys become a tree, and the tree an input of the SDK's shape. */
import { AwsError } from '../errors';
import type { ListPlan, MapPlan, Plan, Scalar, StructPlan } from './plan';

export interface FormNode {
  text?: string;
  children: Map<string, FormNode>;
}

/** Keys that address the protocol itself, not the operation. */
const ENVELOPE = new Set(['Action', 'Version']);

/** Reads `A.1.B=x&...`. */
export function parseForm(body: string): FormNode {
  const root: FormNode = { children: new Map() };
  for (const [key, value] of new URLSearchParams(body)) {
    if (ENVELOPE.has(key)) continue;
    let node = root;
    for (const part of key.split('.')) {
      let child = node.children.get(part);
      if (!child) node.children.set(part, (child = { children: new Map() }));
      node = child;
    }
    node.text = value;
  }
  return root;
}

/** ec2Query flattens lists and has its own member names; awsQuery puts `.member.` in between. */
export type Dialect = 'ec2' | 'query';

/** The input of the plan's shape. Keys that the shape lacks are refused by name, as EC2 does. */
export function decodeForm(plan: Plan, node: FormNode, dialect: Dialect, path = ''): unknown {
  if (plan.kind === 'struct') return decodeStruct(plan, node, dialect, path);
  if (plan.kind === 'list') return decodeList(plan, node, dialect, path);
  if (plan.kind === 'map') return decodeMap(plan, node, dialect, path);
  return decodeScalar(plan.scalar, node.text ?? '', path);
}

function decodeStruct(plan: StructPlan, node: FormNode, dialect: Dialect, path: string): Record<string, unknown> {
  const output: Record<string, unknown> = {};
  const known = new Set<string>();
  for (const member of plan.members) {
    const key = dialect === 'ec2' ? member.ec2Name : member.queryName;
    known.add(key);
    const child = node.children.get(key);
    if (child) output[member.name] = decodeForm(member.plan, child, dialect, `${path}${key}.`);
  }
  for (const key of node.children.keys()) {
    if (!known.has(key)) throw new AwsError('UnknownParameter', `The parameter ${path}${key} is not recognized`);
  }
  return output;
}

function decodeList(plan: ListPlan, node: FormNode, dialect: Dialect, path: string): unknown[] {
  const nested = dialect === 'ec2' || plan.flat ? undefined : node.children.get(plan.itemName);
  return inOrder(nested ?? node, path).map(([key, child]) => decodeForm(plan.item, child, dialect, `${path}${key}.`));
}

function decodeMap(plan: MapPlan, node: FormNode, dialect: Dialect, path: string): Record<string, unknown> {
  const entries = plan.flat ? node : (node.children.get('entry') ?? node);
  return Object.fromEntries(
    inOrder(entries, path).map(([key, entry]) => {
      const value = entry.children.get(plan.valueName) ?? { text: '', children: new Map<string, FormNode>() };
      return [entry.children.get(plan.keyName)?.text ?? '', decodeForm(plan.value, value, dialect, `${path}${key}.`)];
    }),
  );
}

function inOrder(node: FormNode, path: string): [string, FormNode][] {
  const entries = [...node.children.entries()].sort(([a], [b]) => Number(a) - Number(b));
  const bad = entries.find(([key]) => !/^\d+$/.test(key));
  if (bad) throw new AwsError('UnknownParameter', `The parameter ${path}${bad[0]} is not recognized`);
  return entries;
}

function decodeScalar(scalar: Scalar, text: string, path: string): unknown {
  switch (scalar) {
    case 'number':
      return numberOf(text, path);
    case 'boolean':
      return text === 'true' || text === '1';
    case 'blob':
      return Uint8Array.from(Buffer.from(text, 'base64'));
    case 'date-time':
    case 'http-date':
      return new Date(text);
    case 'epoch-seconds':
      return new Date(Number(text) * 1000);
    default:
      return text;
  }
}

function numberOf(text: string, path: string): number {
  const value = Number(text);
  if (text === '' || Number.isNaN(value)) {
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${text}) for parameter ${path.slice(0, -1)} is invalid. It must be a number`,
    );
  }
  return value;
}
