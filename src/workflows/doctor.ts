/** Is everything there that experiments need of AWS? One look by a worker, since callers have no credentials. */
import type { Finding } from '../contracts/checkup';
import { reads } from './activity-proxies';
import { admitted } from './failure';

/** Answers with every finding; a check that failed is an answer, and no failure of the workflow. */
export async function doctor(input: unknown): Promise<Finding[]> {
  return admitted(() =>
    reads.examineAws.executeWithOptions({ summary: 'look at AWS without making anything' }, [input]),
  );
}
