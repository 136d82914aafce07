/**
 * Which machine types are there? vCPU, memory and Linux on-demand price in us-east-1, from AWS's instance type and
 * on-demand pricing pages.
 */
import type { InstanceTypeFacts, QuotaGroup } from '../scenario';

type Size = [size: string, vcpus: number, memoryGiB: number, usd: number, gpus?: number];
type Row = [family: string, arch: InstanceTypeFacts['arch'], sizes: Size[]];

/** Sizes of the general, compute and memory families from `large` on: vCPUs double, price and memory with them. */
function doubling(large: number, gibPerVcpu: number, sizes = ['large', 'xlarge', '2xlarge', '4xlarge']): Size[] {
  return sizes.map((size, step) => {
    const factor = 2 ** step;
    // Four decimals: what AWS prints; more would be noise of the multiplication.
    return [size, 2 * factor, 2 * factor * gibPerVcpu, Math.round(large * factor * 1e5) / 1e5];
  });
}

/** The burstable T families share one ladder of vCPUs and memory; only T2 starts with one vCPU. */
function burstable(micro: number, single = false): Size[] {
  const ladder: [string, number, number, number][] = [
    ['nano', 2, 0.5, 0.5],
    ['micro', 2, 1, 1],
    ['small', 2, 2, 2],
    ['medium', 2, 4, 4],
    ['large', 2, 8, 8],
    ['xlarge', 4, 16, 16],
    ['2xlarge', 8, 32, 32],
  ];
  return ladder.map(([size, vcpus, memory, factor]) => [
    size,
    single && memory <= 2 ? 1 : vcpus,
    memory,
    Math.round(micro * factor * 1e5) / 1e5,
  ]);
}

const ROWS: Row[] = [
  ['t2', 'x86_64', burstable(0.0116, true)],
  ['t3', 'x86_64', burstable(0.0104)],
  ['t3a', 'x86_64', burstable(0.0094)],
  ['t4g', 'arm64', burstable(0.0084)],
  ['m5', 'x86_64', doubling(0.096, 4)],
  ['m5a', 'x86_64', doubling(0.086, 4)],
  ['m6i', 'x86_64', doubling(0.096, 4)],
  ['m6a', 'x86_64', doubling(0.0864, 4)],
  ['m6g', 'arm64', doubling(0.077, 4)],
  ['m7i', 'x86_64', doubling(0.1008, 4)],
  ['m7g', 'arm64', doubling(0.0816, 4)],
  ['c5', 'x86_64', doubling(0.085, 2)],
  ['c5a', 'x86_64', doubling(0.077, 2)],
  ['c6i', 'x86_64', doubling(0.085, 2)],
  ['c6a', 'x86_64', doubling(0.0765, 2)],
  ['c6g', 'arm64', doubling(0.068, 2)],
  ['c7i', 'x86_64', doubling(0.08925, 2)],
  ['c7g', 'arm64', doubling(0.0725, 2)],
  ['r5', 'x86_64', doubling(0.126, 8)],
  ['r5a', 'x86_64', doubling(0.113, 8)],
  ['r6i', 'x86_64', doubling(0.126, 8)],
  ['r6g', 'arm64', doubling(0.1008, 8)],
  [
    'i3',
    'x86_64',
    [
      ['large', 2, 15.25, 0.156],
      ['xlarge', 4, 30.5, 0.312],
    ],
  ],
  [
    'g4dn',
    'x86_64',
    [
      ['xlarge', 4, 16, 0.526, 1],
      ['2xlarge', 8, 32, 0.752, 1],
      ['12xlarge', 48, 192, 3.912, 4],
    ],
  ],
  [
    'g5',
    'x86_64',
    [
      ['xlarge', 4, 16, 1.006, 1],
      ['2xlarge', 8, 32, 1.212, 1],
      ['12xlarge', 48, 192, 5.672, 4],
    ],
  ],
  [
    'g6',
    'x86_64',
    [
      ['xlarge', 4, 16, 0.8048, 1],
      ['2xlarge', 8, 32, 0.9776, 1],
    ],
  ],
  [
    'p3',
    'x86_64',
    [
      ['2xlarge', 8, 61, 3.06, 1],
      ['8xlarge', 32, 244, 12.24, 4],
    ],
  ],
];

export const CATALOG: Record<string, InstanceTypeFacts> = Object.fromEntries(
  ROWS.flatMap(([family, arch, sizes]) =>
    sizes.map(([size, vcpus, memoryGiB, onDemandUsd, gpus]): [string, InstanceTypeFacts] => [
      `${family}.${size}`,
      { vcpus, memoryMiB: memoryGiB * 1024, arch, onDemandUsd, ...(gpus === undefined ? {} : { gpus }) },
    ]),
  ),
);

/** The quota that a type counts against (EC2 user guide, "Spot Instance quotas"); A, C, D, H, I, M, R, T and Z share one. */
export function quotaGroup(instanceType: string): QuotaGroup {
  if (instanceType.startsWith('inf')) return 'Inf';
  if (instanceType.startsWith('trn')) return 'Trn';
  if (instanceType.startsWith('u-')) return 'HighMem';
  if (/^(g|vt)\d/.test(instanceType)) return 'G';
  if (/^p\d/.test(instanceType)) return 'P';
  if (/^x\d/.test(instanceType)) return 'X';
  return /^f\d/.test(instanceType) ? 'F' : 'Standard';
}
