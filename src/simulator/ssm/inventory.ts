/** Which machines answer SSM? Those with a profile whose agent has registered; pages of 5 to 50. */
import { AwsError } from '../errors';
import { answersSsm } from '../nodes';
import { nodeOf } from '../nodes/node';
import { stateAt } from '../world/instance';
import type { Handler, HandlerContext, SimInstance } from '../world/state';
import { regionState } from '../world/world';
import { checkLimits } from './limits';
import { pageOf } from './paging';

/** DescribeInstanceInformation: MaxResults 5 to 50. */
const PAGE = { min: 5, max: 50 };
/** Page size when the caller does not say; AWS does not document one (invented: small, so that callers must page). */
const DEFAULT_PAGE = 10;

/** What agents of late 2026 call themselves. */
const AGENT_VERSION = '3.3.4793.0';

/** Agents report every five minutes; a stopped or silent one shows as lost after that, here at once. */
export const describeInstanceInformation: Handler = (input, ctx) => {
  checkLimits(input, { MaxResults: PAGE, Filters: { max: 10 }, InstanceInformationFilterList: { max: 5 } });
  const filters = readFilters(input);
  const now = Date.now();
  const views = [...regionState(ctx).instances.values()]
    .filter((instance) => instance.account === ctx.account && isRegistered(ctx, instance, now))
    .map((instance) => viewOf(ctx, instance, now))
    .filter((view) => filters.every((filter) => filter(view)));
  const { items, NextToken } = pageOf(views, input['NextToken'], Number(input['MaxResults'] ?? DEFAULT_PAGE));
  return { InstanceInformationList: items.map(({ shown }) => shown), ...(NextToken ? { NextToken } : {}) };
};

interface View {
  instance: SimInstance;
  shown: Record<string, unknown>;
}

function isRegistered({ world }: HandlerContext, instance: SimInstance, now: number): boolean {
  if (instance.agentOnlineAt === undefined || now < instance.agentOnlineAt) return false;
  if (nodeOf(world, instance).script.agentNever) return false;
  return !['shutting-down', 'terminated'].includes(stateAt(instance, now));
}

function viewOf({ world, region }: HandlerContext, instance: SimInstance, now: number): View {
  const online = answersSsm(world, instance, now);
  const shown = {
    InstanceId: instance.id,
    PingStatus: online ? 'Online' : 'ConnectionLost',
    LastPingDateTime: new Date(online ? now : (instance.stoppingAt ?? instance.agentLostAt ?? now)),
    AgentVersion: AGENT_VERSION,
    IsLatestVersion: true,
    PlatformType: 'Linux',
    PlatformName: 'Ubuntu',
    PlatformVersion: '24.04',
    ResourceType: 'EC2Instance',
    IPAddress: instance.privateIp,
    ComputerName: `ip-${instance.privateIp.replaceAll('.', '-')}.${region}.compute.internal`,
  };
  return { instance, shown };
}

type Filter = (view: View) => boolean;

/** Both generations of filters; a key that this simulator does not know is refused and never ignored. */
function readFilters(input: Record<string, unknown>): Filter[] {
  const newer = (input['Filters'] ?? []) as { Key: string; Values: string[] }[];
  const older = (input['InstanceInformationFilterList'] ?? []) as { key: string; valueSet: string[] }[];
  if (newer.length > 0 && older.length > 0) {
    throw new AwsError('ValidationException', 'Filters and InstanceInformationFilterList cannot be used together.');
  }
  return [...newer, ...older.map(({ key, valueSet }) => ({ Key: key, Values: valueSet }))].map(readFilter);
}

const SHOWN_KEYS = ['InstanceId', 'PingStatus', 'AgentVersion', 'ResourceType', 'IPAddress'];

function readFilter({ Key, Values }: { Key: string; Values: string[] }): Filter {
  const has = (value: string | undefined): boolean => value !== undefined && Values.includes(value);
  if (Key.startsWith('tag:')) return ({ instance }) => has(instance.tags[Key.slice('tag:'.length)]);
  if (Key === 'tag-key') return ({ instance }) => Values.some((key) => key in instance.tags);
  if (Key === 'InstanceIds') return ({ instance }) => has(instance.id);
  if (Key === 'PlatformTypes') return ({ shown }) => has(String(shown['PlatformType']));
  if (SHOWN_KEYS.includes(Key)) return ({ shown }) => has(String(shown[Key]));
  throw new AwsError('InvalidFilterKey', `The specified filter key '${Key}' is not valid.`);
}
