/** Which vCPU quota does an instance type count against? */

/**
 * Families by the letters before the generation. Spot and on-demand have the same groups, each with its own quota.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-spot-limits.html
 */
const GROUPS: Record<string, string> = {
  g: 'G',
  gr: 'G',
  vt: 'G',
  p: 'P',
  f: 'F',
  inf: 'Inf',
  trn: 'Trn',
  x: 'X',
  dl: 'DL',
  u: 'HighMem',
  hpc: 'HPC',
};
/** A, C, D, H, I, M, R, T and Z share one; letters that AWS adds later usually join them. */
const STANDARD = 'Standard';

/** `Standard`, `G`, `P`...; `t3.micro` is Standard, `g5.xlarge` is G, `u-6tb1.metal` is HighMem. */
export function quotaFamily(instanceType: string): string {
  const letters = /^[a-z]+/.exec(instanceType)?.[0] ?? '';
  return GROUPS[letters] ?? STANDARD;
}
