/** What does a user have to do when capacity or a quota stands in the way? One line, with the next step in it. */
import type { Market } from '../contracts/capacity';
import type { PoolBlock } from './pool-memory';

/**
 * The vCPU quota of each family group and market. AWS publishes them in the Service Quotas console only:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-quotas.html
 */
const QUOTA_CODES: Record<string, Partial<Record<Market, string>>> = {
  Standard: { spot: 'L-34B43A08', 'on-demand': 'L-1216C47A' },
  G: { spot: 'L-3819A6DF', 'on-demand': 'L-DB2E81BA' },
  P: { spot: 'L-7212CCBC', 'on-demand': 'L-417A185B' },
  X: { spot: 'L-E3A00192', 'on-demand': 'L-7295265B' },
  F: { spot: 'L-88CF9481', 'on-demand': 'L-74FC7D96' },
  Inf: { spot: 'L-B5D1601B', 'on-demand': 'L-1945791B' },
  Trn: { spot: 'L-6B0D517C', 'on-demand': 'L-2C3B7624' },
  DL: { spot: 'L-85EED4F7', 'on-demand': 'L-6E869C2A' },
  HighMem: { 'on-demand': 'L-43DA4232' },
};

/** What was wanted of a quota, and what is known about it. */
export interface QuotaNeed {
  region: string;
  market: Market;
  quotaFamily: string;
  count: number;
  instanceType: string;
  /** Of one instance. */
  vcpus: number;
  /** vCPUs not used yet and the whole quota, where they could be read. */
  freeVcpus?: number;
  limitVcpus?: number;
  /** AWS's code, when it refused; some name a limit of the region that is not counted in vCPUs. */
  code?: string | undefined;
}

/** The codes that are about the vCPUs of a family. */
const VCPU_CODES = new Set([
  'VcpuLimitExceeded',
  'InstanceLimitExceeded',
  'MaxSpotInstanceCountExceeded',
  'SpotInstanceRequestLimitExceeded',
  'limit-exceeded',
]);

/**
 * The line about a quota that is too small:
 * `Quota: 3 x m6i.4xlarge need 48 vCPU of L-34B43A08 (Standard, spot, us-west-2), 16 free. Ask for 80: aws ...`.
 */
export function quotaAdvice(need: QuotaNeed): string {
  if (need.code !== undefined && !VCPU_CODES.has(need.code)) {
    return `Quota: ${need.region} answers ${need.code}. Ask for more in the Service Quotas console.`;
  }
  const vcpus = need.count * need.vcpus;
  const code = QUOTA_CODES[need.quotaFamily]?.[need.market];
  const where = `${need.quotaFamily}, ${need.market}, ${need.region}`;
  const quota = code === undefined ? `the quota of ${where}` : `${code} (${where})`;
  const free = need.freeVcpus === undefined ? '' : `, ${String(need.freeVcpus)} free`;
  return `Quota: ${String(need.count)} x ${need.instanceType} need ${String(vcpus)} vCPU of ${quota}${free}. ${ask(need, vcpus, code)}`;
}

function ask({ region, freeVcpus, limitVcpus }: QuotaNeed, vcpus: number, code: string | undefined): string {
  const known = freeVcpus !== undefined && limitVcpus !== undefined;
  const target = known ? String(limitVcpus - freeVcpus + vcpus) : `${String(vcpus)} more than are in use`;
  if (code === undefined) return `Ask for ${target} in the Service Quotas console.`;
  return (
    `Ask for ${target}: aws service-quotas request-service-quota-increase --service-code ec2 ` +
    `--quota-code ${code} --region ${region} --desired-value ${known ? target : 'VCPUS'}`
  );
}

/** The code of the vCPU quota of a family, and the command that reads it; undefined where none is known. */
export function quotaToRead(
  quotaFamily: string,
  market: Market,
  region: string,
): { code: string; command: string } | undefined {
  const code = QUOTA_CODES[quotaFamily]?.[market];
  if (code === undefined) return undefined;
  const command = `aws service-quotas get-service-quota --service-code ec2 --quota-code ${code} --region ${region}`;
  return { code, command };
}

/** Why a chain ended without what was wanted. */
export interface CapacityNeed {
  component: string;
  region: string;
  missing: number;
  /** How many pools the chain has here. */
  pools: number;
  /** What blocks them now; pools that were asked and are free again are not in it. */
  blocks: readonly PoolBlock[];
  /** True when the component's market is spot and nothing else. */
  spotOnly: boolean;
}

/** The line about pools that have nothing: what they answered, when one opens again, what would widen the chain. */
export function capacityAdvice(need: CapacityNeed): string {
  const head = `Capacity: ${need.component} misses ${String(need.missing)} in ${need.region}`;
  const widen = `Add instanceTypes, widerTypes, zones or regions${need.spotOnly ? ', or allow market spot-then-on-demand' : ''}.`;
  if (need.pools === 0) return `${head}; none of its types is offered in a usable zone with an image. ${widen}`;
  return `${head}; all ${String(need.pools)} pools were asked or are blocked${answers(need.blocks)}. ${widen}`;
}

function answers(blocks: readonly PoolBlock[]): string {
  if (blocks.length === 0) return '';
  const counts = new Map<string, number>();
  for (const { code } of blocks) counts.set(code, (counts.get(code) ?? 0) + 1);
  const codes = [...counts].map(([code, count]) => `${code} x ${String(count)}`).join(', ');
  const opens = new Date(Math.min(...blocks.map((block) => block.untilMs))).toISOString();
  return ` (${codes}; the first opens at ${opens})`;
}
