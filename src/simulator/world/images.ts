/** Which machine images are there from the start? Ubuntu and Amazon Linux in every region, and those of the scenario; ids differ by region. */
import { hashed } from '../random';
import type { World } from './state';

export interface SimImage {
  id: string;
  name: string;
  arch: 'x86_64' | 'arm64';
  ownerId: string;
  ownerAlias?: string;
  description: string;
  createdAt: string;
  rootDevice: string;
  rootSize: number;
  snapshotId: string;
  public: boolean;
  tags: Record<string, string>;
  /** Public SSM parameters that hold this image's id. */
  parameters: string[];
}

/** Accounts of Canonical and of Amazon's own images. */
const CANONICAL = '099720109477';
const AMAZON = '137112412989';

const UBUNTU = [
  { codename: 'jammy', version: '22.04', builds: ['20260610', '20261015'] },
  { codename: 'noble', version: '24.04', builds: ['20260614', '20261020'] },
];
const AL2023_BUILDS = ['2023.9.20260601.0', '2023.9.20261012.0'];

type Draft = Omit<SimImage, 'id' | 'snapshotId'>;

const cache = new WeakMap<World, { epoch: number; byRegion: Map<string, SimImage[]> }>();

/** All images that a region has from the start, the newest build of each line last. */
export function imagesOf(world: World, region: string): SimImage[] {
  let known = cache.get(world);
  if (known?.epoch !== world.epoch) cache.set(world, (known = { epoch: world.epoch, byRegion: new Map() }));
  let images = known.byRegion.get(region);
  if (!images) known.byRegion.set(region, (images = drafts(world, region).map((draft) => identified(region, draft))));
  return images;
}

/** The public SSM parameters of a region: name and image id. */
export function imageParameters(world: World, region: string): Map<string, string> {
  return new Map(
    imagesOf(world, region).flatMap(({ id, parameters }) => parameters.map((name): [string, string] => [name, id])),
  );
}

/** An image by id, those that callers made included. */
export function findImage(world: World, region: string, id: string): SimImage | undefined {
  const given = imagesOf(world, region).find((image) => image.id === id);
  if (given) return given;
  const states = [...world.regions.values()].filter(({ name }) => name === region);
  return states.map(({ ownImages }) => ownImages.get(id)?.image).find((image) => image !== undefined);
}

function identified(region: string, draft: Draft): SimImage {
  const hex = (salt: string): string =>
    [0, 1]
      .map((part) =>
        Math.floor(hashed(region, draft.name, draft.arch, salt, part) * 2 ** 32)
          .toString(16)
          .padStart(8, '0'),
      )
      .join('');
  return { ...draft, id: `ami-0${hex('ami')}`, snapshotId: `snap-0${hex('snap')}` };
}

function drafts(world: World, region: string): Draft[] {
  const arches = ['x86_64', 'arm64'] as const;
  return [
    ...UBUNTU.flatMap((line) =>
      arches.flatMap((arch) => line.builds.map((build, at) => ubuntu(line, arch, build, at === 1))),
    ),
    ...arches.flatMap((arch) => AL2023_BUILDS.map((build, at) => amazonLinux(arch, build, at === 1))),
    ...own(world, region),
  ];
}

function ubuntu(
  line: { codename: string; version: string },
  arch: SimImage['arch'],
  build: string,
  current: boolean,
): Draft {
  const cpu = arch === 'arm64' ? 'arm64' : 'amd64';
  return {
    name: `ubuntu/images/hvm-ssd-gp3/ubuntu-${line.codename}-${line.version}-${cpu}-server-${build}`,
    arch,
    ownerId: CANONICAL,
    description: `Canonical, Ubuntu, ${line.version}, ${cpu} ${line.codename} image`,
    createdAt: `${build.slice(0, 4)}-${build.slice(4, 6)}-${build.slice(6)}T07:12:33.000Z`,
    rootDevice: '/dev/sda1',
    rootSize: 8,
    public: true,
    tags: {},
    parameters: current
      ? [line.version, line.codename].flatMap((name) =>
          ['ebs-gp2', 'ebs-gp3'].map(
            (disk) => `/aws/service/canonical/ubuntu/server/${name}/stable/current/${cpu}/hvm/${disk}/ami-id`,
          ),
        )
      : [],
  };
}

function amazonLinux(arch: SimImage['arch'], build: string, current: boolean): Draft {
  return {
    name: `al2023-ami-${build}-kernel-6.1-${arch}`,
    arch,
    ownerId: AMAZON,
    ownerAlias: 'amazon',
    description: `Amazon Linux 2023 AMI ${build} ${arch} HVM kernel-6.1`,
    createdAt: `${build.slice(7, 11)}-${build.slice(11, 13)}-${build.slice(13, 15)}T01:20:11.000Z`,
    rootDevice: '/dev/xvda',
    rootSize: 8,
    public: true,
    tags: {},
    parameters: current
      ? ['default', '6.1'].map((kernel) => `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-${kernel}-${arch}`)
      : [],
  };
}

function own(world: World, region: string): Draft[] {
  return world.scenario.images
    .filter(({ regions }) => !regions || regions.includes(region))
    .map(({ name, arch, owner, tags, createdAt }) => ({
      name,
      arch,
      ownerId: owner === 'self' ? world.account : owner,
      description: name,
      createdAt: createdAt ?? '2026-09-01T09:00:00.000Z',
      rootDevice: '/dev/sda1',
      rootSize: 8,
      public: owner !== 'self',
      tags: tags ?? {},
      parameters: [],
    }));
}
