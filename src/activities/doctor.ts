/** What of AWS works for this worker? Reads, and dry runs of creations; nothing is made. */
import { Context } from '@temporalio/activity';
import type { Cloud } from '../aws/ports';
import type { Finding } from '../contracts/checkup';
import { Failure } from '../contracts/failures';
import { ownershipTags } from '../contracts/names';
import { doctorSchema } from '../schemas/doctor';
import { parseWith } from '../schemas/parse';
import { invalidInput } from './failure';

const POLICY = 'attach docs/iam-policy.json to the role of the worker';
const CREDENTIALS = 'give the worker credentials: AWS_PROFILE, a role of its machine, or aws sso login';
/** The type whose reads stand for all: it is offered in every region. */
const TYPE = 't3.micro';

export function createDoctorActivities({ cloud, installation }: { cloud: Cloud; installation: string }) {
  return {
    /** Every finding, the bad ones with what to do; throws for a wrong input only. */
    async examineAws(input: unknown): Promise<Finding[]> {
      const parsed = parseWith(doctorSchema, input);
      if (!parsed.ok) throw invalidInput(parsed.problems);
      const credentials = await examine('credentials', CREDENTIALS, async () => {
        const { account, endpoint } = await cloud.identity();
        return `account ${account} at ${endpoint === '' ? 'AWS' : endpoint}, installation ${installation}`;
      });
      if (credentials.state !== 'ok') return [credentials];
      const regions = await Promise.all(
        parsed.value.regions.map((region) => examineRegion(cloud, installation, region)),
      );
      return [credentials, ...regions.flat()];
    },
  };
}

export type DoctorActivities = ReturnType<typeof createDoctorActivities>;

async function examineRegion(cloud: Cloud, installation: string, region: string): Promise<Finding[]> {
  const { cancellationSignal: signal } = Context.current();
  const compute = cloud.compute(region);
  const readings = await Promise.all([
    examine(`${region} capacity`, POLICY, async () => {
      const [offers, prices] = await Promise.all([
        compute.offerings([TYPE], { signal }),
        compute.spotPrices([TYPE], { signal }),
      ]);
      return `${TYPE} in ${String(offers.length)} zones, ${String(prices.length)} spot prices`;
    }),
    examine(`${region} SSM`, POLICY, async () => {
      await cloud.commands(region).online([], { signal });
      return 'answers';
    }),
    examine(`${region} tags`, POLICY, async () => {
      const { sources } = await cloud.inventory(region).discover('holdfast-doctor', { depth: 'index', signal });
      const unread = sources.filter((source) => source.unreadable !== undefined);
      if (unread.length === 0) return `both indexes can be read, which cleanup needs`;
      throw new Failure(
        'NotAuthorized',
        unread.map((source) => `${source.api}: ${source.unreadable ?? ''}`).join('; '),
      );
    }),
  ]);
  return [...readings, ...(await examineNetwork(cloud, installation, region)), quotas(region)];
}

async function examineNetwork(cloud: Cloud, installation: string, region: string): Promise<Finding[]> {
  const { cancellationSignal: signal } = Context.current();
  const compute = cloud.compute(region);
  const check = `${region} network`;
  try {
    const [subnet, ...more] = await compute.subnets(undefined, { signal });
    if (subnet === undefined) {
      const fix = 'name subnets in network.subnetIds, or: aws ec2 create-default-vpc';
      return [{ check, state: 'warning', found: 'no default VPC with subnets', fix }];
    }
    const found = `default VPC ${subnet.vpcId} with ${String(more.length + 1)} subnets`;
    const tags = ownershipTags({
      ...{ experimentId: 'holdfast-doctor', installation, project: 'holdfast', owner: 'holdfast-doctor', extra: {} },
      expiresAt: new Date().toISOString(),
    });
    const rehearsals = await compute.rehearseCreations({ vpcId: subnet.vpcId, zone: subnet.zone, tags }, { signal });
    return [
      { check, state: 'ok', found },
      ...rehearsals.map(({ operation, refused }): Finding => {
        const name = `${region} ${operation}`;
        if (refused === undefined) return { check: name, state: 'ok', found: 'allowed (dry run)' };
        return { check: name, state: 'failed', found: refused, fix: POLICY };
      }),
    ];
  } catch (error) {
    return [{ check, state: 'failed', found: messageOf(error), fix: POLICY }];
  }
}

/** Quotas have an API of their own, for which the worker has neither client nor permission. */
function quotas(region: string): Finding {
  const command = `aws service-quotas get-service-quota --service-code ec2 --quota-code L-34B43A08 --region ${region}`;
  return { check: `${region} quota`, state: 'unknown', found: 'vCPUs of spot requests are not read', fix: command };
}

async function examine(check: string, fix: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { check, state: 'ok', found: await look() };
  } catch (error) {
    const isClock = error instanceof Failure && error.type === 'CredentialsExpired';
    return { check, state: 'failed', found: messageOf(error), fix: isClock ? `${fix}, and set the clock` : fix };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
