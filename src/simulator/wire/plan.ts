/** What does a shape look like on the wire? A schema of the SDK, compiled once into a plan that decoders and encoders walk. */
import { NormalizedSchema } from '@smithy/core/schema';
import type { $SchemaRef } from '@smithy/types';

export type Scalar = 'string' | 'number' | 'bigint' | 'boolean' | 'blob' | 'date-time' | 'http-date' | 'epoch-seconds';

export interface Member {
  name: string;
  /** Key in a query string by the rules of ec2Query, and by those of awsQuery. */
  ec2Name: string;
  queryName: string;
  xmlName: string;
  required: boolean;
  plan: Plan;
}

export interface StructPlan {
  kind: 'struct';
  members: Member[];
}
export interface ListPlan {
  kind: 'list';
  item: Plan;
  itemName: string;
  flat: boolean;
}
export interface MapPlan {
  kind: 'map';
  key: Plan;
  value: Plan;
  keyName: string;
  valueName: string;
  flat: boolean;
}
export type Plan = StructPlan | ListPlan | MapPlan | { kind: 'scalar'; scalar: Scalar };

const structs = new Map<unknown, StructPlan>();

/** The plan of a schema. Recursive shapes are fine: a structure is known before its members are compiled. */
export function planOf(schema: $SchemaRef): Plan {
  const ns = NormalizedSchema.of(schema);
  // Operations without an answer have the unit shape: nothing to write.
  if (ns.isUnitSchema()) return { kind: 'struct', members: [] };
  if (ns.isStructSchema()) return structPlan(ns);
  if (ns.isListSchema()) return listPlan(ns);
  if (ns.isMapSchema()) return mapPlan(ns);
  return { kind: 'scalar', scalar: scalarOf(ns) };
}

function structPlan(ns: NormalizedSchema): StructPlan {
  const schema: unknown = ns.getSchema();
  const known = structs.get(schema);
  if (known) return known;
  const plan: StructPlan = { kind: 'struct', members: [] };
  structs.set(schema, plan);
  const required = requiredCount(schema);
  let position = 0;
  for (const [name, member] of ns.structIterator()) {
    plan.members.push(memberOf(name, member, position < required));
    position += 1;
  }
  return plan;
}

/** Static structure schemas list their required members first and carry their number last. */
function requiredCount(schema: unknown): number {
  const count: unknown = Array.isArray(schema) ? schema[6] : 0;
  return typeof count === 'number' ? count : 0;
}

function memberOf(name: string, ns: NormalizedSchema, required: boolean): Member {
  const traits = ns.getMergedTraits();
  const xmlName = textOf(traits.xmlName) ?? name;
  return {
    name,
    ec2Name:
      textOf(traits['ec2QueryName' as keyof typeof traits]) ?? xmlName.charAt(0).toUpperCase() + xmlName.slice(1),
    queryName: xmlName,
    xmlName: textOf(ns.getMemberTraits().xmlName) ?? name,
    required,
    plan: planOf(ns),
  };
}

function listPlan(ns: NormalizedSchema): ListPlan {
  const item = ns.getValueSchema();
  return {
    kind: 'list',
    item: planOf(item),
    itemName: textOf(item.getMergedTraits().xmlName) ?? 'member',
    flat: Boolean(ns.getMergedTraits().xmlFlattened),
  };
}

function mapPlan(ns: NormalizedSchema): MapPlan {
  const [key, value] = [ns.getKeySchema(), ns.getValueSchema()];
  return {
    kind: 'map',
    key: planOf(key),
    value: planOf(value),
    keyName: textOf(key.getMergedTraits().xmlName) ?? 'key',
    valueName: textOf(value.getMergedTraits().xmlName) ?? 'value',
    flat: Boolean(ns.getMergedTraits().xmlFlattened),
  };
}

/** Timestamp formats as numbered by the schema sentinels of `@smithy/types`. */
const TIMESTAMPS: Record<number, Scalar> = { 5: 'date-time', 6: 'http-date', 7: 'epoch-seconds' };

function scalarOf(ns: NormalizedSchema): Scalar {
  if (ns.isTimestampSchema()) return TIMESTAMPS[Number(ns.getSchema())] ?? 'date-time';
  if (ns.isBooleanSchema()) return 'boolean';
  if (ns.isNumericSchema()) return 'number';
  if (ns.isBigIntegerSchema() || ns.isBigDecimalSchema()) return 'bigint';
  if (ns.isBlobSchema()) return 'blob';
  return 'string';
}

function textOf(trait: unknown): string | undefined {
  return typeof trait === 'string' ? trait : undefined;
}
