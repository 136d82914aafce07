/** What does cleanup have to know about one kind of resource? The row that each kind fills in, and the reading of pages. */
import type { Filter, Tag } from '@aws-sdk/client-ec2';
import { Failure } from '../contracts/failures';
import type { Billing, Removal, ResourceType, TaggedResource } from '../contracts/inventory';
import { MANAGED_BY, TAG } from '../contracts/names';
import { flatBill } from './bills';
import type { AwsRegion } from './clients';
import { isGone } from './inventory-remove';
import { inParts } from './paging';
import type { Call } from './ports';
import { fromTags } from './tags';

/** One kind. Adding one to Holdfast means one such row, and its edges in policy/deletion.ts. */
export interface Kind {
  type: ResourceType;
  /** The API that reads it; it names the cell of the certificate. */
  api: string;
  /** Holdfast makes it, so every full look reads it by tags; what people tag is first found by the indexes. */
  made?: true;
  /** Resources of the kind that carry the experiment's tags; absent where AWS cannot filter the kind by tag. */
  byTags?: (aws: AwsRegion, experimentId: string, call?: Call) => Promise<Reading>;
  /** The living and the ending among these ids; ids AWS does not know are absent. */
  byIds: (aws: AwsRegion, ids: string[], call?: Call) => Promise<Reading>;
  /** Fills in who holds the resources, where the reading itself does not show it. */
  holders?: (aws: AwsRegion, found: TaggedResource[], call?: Call) => Promise<void>;
  /** Asks for the deletion; one answer per resource. */
  remove: (aws: AwsRegion, resources: TaggedResource[], call?: Call) => Promise<Removal[]>;
}

export interface Reading {
  resources: TaggedResource[];
  /** Answers read, to the last token. */
  pages: number;
  /** Children and parents named in the answers, to be read by id too. */
  named?: { type: ResourceType; id: string }[];
}

/** Most values that EC2 takes in one filter. Source: EC2 User Guide, "List and filter using the API". */
const FILTER_VALUES = 200;
/** Ids per call where they are a parameter: few enough that one unknown id is found in a handful of halvings. */
const ID_VALUES = 100;
/** What most Describe calls take at most; template and fleet calls differ and say so. */
export const PAGE = 1000;

/** A filter value that matches itself alone. Source: EC2 User Guide, "List and filter using the API", wildcards. */
export function literally(value: string): string {
  return value.replace(/[*?\\]/g, '\\$&');
}

/** Filters for both ownership tags; what they find is compared again, exactly. */
export function ownedFilters(experimentId: string): Filter[] {
  return [
    { Name: `tag:${TAG.experimentId}`, Values: [literally(experimentId)] },
    { Name: `tag:${TAG.managedBy}`, Values: [MANAGED_BY] },
  ];
}

/** All pages of one Describe. A short or empty page is not the last one; only a missing token ends. */
export async function readPages<O extends { NextToken?: string | undefined }>(
  ask: (token: { NextToken?: string }) => Promise<O>,
): Promise<O[]> {
  const pages: O[] = [];
  let token: string | undefined;
  do {
    const page = await ask(token === undefined ? {} : { NextToken: token });
    pages.push(page);
    token = page.NextToken === '' ? undefined : page.NextToken;
  } while (token !== undefined);
  return pages;
}

/**
 * Reads ids through a filter, as many as one takes at a time: unlike an id parameter, a filter does not fail the
 * whole call for one id that is gone.
 */
export async function readByFilter(
  name: string,
  ids: string[],
  read: (filters: Filter[]) => Promise<Reading>,
): Promise<Reading> {
  const readings: Reading[] = [];
  for (const slice of inParts(ids, FILTER_VALUES)) readings.push(await read([{ Name: name, Values: slice }]));
  return joined(readings);
}

/** Reads ids through an id parameter, which refuses the whole call for one unknown id: then each is asked alone. */
export async function byIdParameter(ids: string[], read: (ids: string[]) => Promise<Reading>): Promise<Reading> {
  const readings: Reading[] = [];
  for (const slice of inParts(ids, ID_VALUES)) readings.push(await readOrSplit(slice, read));
  return joined(readings);
}

async function readOrSplit(ids: string[], read: (ids: string[]) => Promise<Reading>): Promise<Reading> {
  try {
    return await read(ids);
  } catch (error) {
    if (!(error instanceof Failure) || !isGone(error)) throw error;
    if (ids.length === 1) return { resources: [], pages: 1 };
    const middle = Math.ceil(ids.length / 2);
    return joined([await readOrSplit(ids.slice(0, middle), read), await readOrSplit(ids.slice(middle), read)]);
  }
}

function joined(readings: Reading[]): Reading {
  return {
    resources: readings.flatMap((reading) => reading.resources),
    pages: readings.reduce((sum, reading) => sum + reading.pages, 0),
    named: readings.flatMap((reading) => reading.named ?? []),
  };
}

/** Why the tags alone forbid deleting it. `DoNotDelete` protects whatever its value, unless that is `false`. */
function tagProtection(tags: Record<string, string>): string | undefined {
  const value = tags[TAG.doNotDelete];
  return value === undefined || value.toLowerCase() === 'false' ? undefined : `tag ${TAG.doNotDelete}`;
}

/** A resource as the certificate needs it; `protectedBy` is the kind's own protection, a tag's is added here. */
export function resource(
  aws: AwsRegion,
  type: ResourceType,
  id: string | undefined,
  tags: Tag[] | undefined,
  rest: Pick<TaggedResource, 'state' | 'seen'> & {
    neededBy?: (string | undefined)[];
    protectedBy?: string | undefined;
    bills?: Billing | undefined;
  },
): TaggedResource {
  const known = fromTags(tags);
  const guard = rest.protectedBy ?? tagProtection(known);
  const bills = rest.bills ?? flatBill(aws.region, type);
  return {
    region: aws.region,
    type,
    id: id ?? '',
    tags: known,
    state: rest.state,
    seen: rest.seen,
    neededBy: [...new Set((rest.neededBy ?? []).filter((other) => other !== undefined && other !== ''))] as string[],
    ...(guard === undefined ? {} : { protectedBy: guard }),
    ...(bills === undefined ? {} : { bills }),
  };
}
