/** Is this an address block that a VPC or subnet can have? */
import { AwsError } from '../errors';
import { parseCidr, type Cidr } from '../world/network';
import { invalid } from './input';

/** A VPC or subnet block is between /16 and /28 (VPC user guide, "VPC CIDR blocks"). */
const MIN_BITS = 16;
const MAX_BITS = 28;

/** The block, or InvalidParameterValue for what is none and `code` for one of the wrong size. */
export function blockOf(cidr: string, code: string): Cidr {
  const block = parseCidr(cidr);
  if (!block) throw invalid('cidrBlock', cidr, 'This is not a valid CIDR block.');
  if (block.bits < MIN_BITS || block.bits > MAX_BITS) throw new AwsError(code, `The CIDR '${cidr}' is invalid.`);
  return block;
}
