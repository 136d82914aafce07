/** In which region of whose account does an activity of cleanup act? */
import type { Cloud, InventoryPort } from '../aws/ports';
import { assertTarget, type Target } from './target';

export interface InRegion {
  target: Target;
  experimentId: string;
  region: string;
}

/** Throws `ForeignWorker` when this worker acts on another account. */
export async function inventoryOf(cloud: Cloud, { target, region }: InRegion): Promise<InventoryPort> {
  await assertTarget(cloud, target);
  return cloud.inventory(region);
}
