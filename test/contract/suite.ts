/** How is the one list of cases run on a backend, and what is told about it? */
import { randomUUID } from 'node:crypto';
import { createRegions } from '../../src/aws/clients';
import { createCloud } from '../../src/aws/cloud';
import type { FleetRequest, Subnet } from '../../src/aws/ports';
import { CAPABILITIES, type Backend, type Capability, type Profile } from './backend';
import type { Bench, Case } from './cases';
import { COMMAND_CASES } from './command-cases';
import { COMPUTE_CASES } from './compute-cases';
import { INVENTORY_CASES } from './inventory-cases';
import { LAUNCH_CASES } from './launch-cases';
import { NETWORK_CASES } from './network-cases';
import { PLUMBING_CASES } from './plumbing-cases';
import { VOLUME_CASES } from './volume-cases';

const REGION = 'us-west-2';
const CREDENTIALS = { accessKeyId: 'contract', secretAccessKey: 'contract' };
const IMAGE = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64';

const CASES: Case[] = [
  ...COMPUTE_CASES,
  ...LAUNCH_CASES,
  ...COMMAND_CASES,
  ...INVENTORY_CASES,
  ...VOLUME_CASES,
  ...NETWORK_CASES,
  ...PLUMBING_CASES,
];

/** What the profile lacks of what the case needs. */
function lacking(one: Case, profile: Profile): Capability[] {
  return (one.needs ?? []).filter((need) => profile.lacks[need] !== undefined);
}

/** Defines the tests of all cases on one backend; those it declares it cannot do are skipped by name. */
export function contractSuite(
  profile: Profile,
  start: () => Promise<Backend>,
  describeBackend = (): string => '',
): void {
  describe(`the ports on ${profile.name}`, () => {
    let backend: Backend;
    let close: () => void;
    let shared: Omit<Bench, 'experimentId' | 'tags' | 'fleet'>;
    let run = 0;

    beforeAll(async () => {
      backend = await start();
      const options = { endpoint: backend.url, credentials: CREDENTIALS };
      const cloud = createCloud({ ...options, region: REGION });
      const regions = createRegions(options);
      close = () => {
        cloud.close();
        regions.close();
      };
      const compute = cloud.compute(REGION);
      const [subnets, imageId] = await Promise.all([
        compute.subnets(undefined),
        compute.image({ ssmParameter: IMAGE }, 'x86_64'),
      ]);
      shared = {
        backend,
        cloud,
        compute,
        subnets,
        region: REGION,
        commands: cloud.commands(REGION),
        aws: regions.at(REGION),
        imageId: imageId ?? '',
      };
    });

    afterAll(async () => {
      close();
      await backend.close();
      const lacks = Object.entries(profile.lacks).map(([name, why]) => `  lacks ${name}: ${why}`);
      const head = `${[profile.name, describeBackend()].join(' ').trim()}: ${String(run)} of ${String(CASES.length)} cases run`;
      process.stdout.write(`${[head, ...lacks].join('\n')}\n`);
    });

    it('is never spared a case of the minimum', () => {
      const minimum = CASES.filter((one) => one.minimum);
      expect(minimum.length).toBeGreaterThanOrEqual(15);
      expect(minimum.filter((one) => lacking(one, profile).length > 0)).toEqual([]);
    });

    it('lacks only what is declared', () => {
      const skipped = CASES.filter((one) => lacking(one, profile).length > 0);
      const why = new Set(skipped.flatMap((one) => lacking(one, profile)));
      expect([...why].sort()).toEqual(Object.keys(profile.lacks).sort());
      for (const name of why) expect(CAPABILITIES).toHaveProperty(name);
    });

    for (const one of CASES) {
      const test = lacking(one, profile).length > 0 ? it.skip : it;
      test(one.says, async () => {
        await one.run(benchOf(shared));
        run += 1;
      });
    }
  });
}

/** An experiment of its own for a case, so that cases do not see each other's resources. */
function benchOf(shared: Omit<Bench, 'experimentId' | 'tags' | 'fleet'>): Bench {
  const experimentId = `contract-${randomUUID().slice(0, 8)}`;
  const tags = { ExperimentID: experimentId, ManagedBy: 'holdfast', Project: 'contract' };
  return {
    ...shared,
    experimentId,
    tags,
    fleet: async (over = {}) => {
      const name = `holdfast-${experimentId}`;
      const vpcId = shared.subnets[0]?.vpcId ?? '';
      const groupId = await shared.compute.ensureSecurityGroup({ name, vpcId, ingress: [], tags });
      await shared.compute.ensureTemplate({
        name,
        securityGroupIds: [groupId],
        ...(shared.backend.instanceProfile === undefined ? {} : { instanceProfile: shared.backend.instanceProfile }),
        volumes: [{ device: '/dev/sdf', sizeGiB: 8, type: 'gp3', keep: false }],
        tags,
      });
      return { ...request(name, shared.subnets, shared.imageId, tags), ...over };
    },
  };
}

function request(templateName: string, subnets: Subnet[], imageId: string, tags: Record<string, string>): FleetRequest {
  return {
    templateName,
    market: 'spot',
    allocation: 'price-capacity-optimized',
    pools: subnets.slice(0, 2).map(({ zone, subnetId }) => ({ zone, subnetId, instanceType: 't3.micro', imageId })),
    count: 2,
    clientToken: randomUUID(),
    tags: { ...tags, LaunchID: randomUUID() },
  };
}
