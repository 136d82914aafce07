/** How does a call reach AWS? One set of SDK clients per region, without retries, at the pace AWS allows. */
import { EC2Client } from '@aws-sdk/client-ec2';
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider, CommandIO, MetadataBearer } from '@smithy/types';
import { Failure } from '../contracts/failures';
import { isAbort, toFailure } from './errors';
import { createLimiter, type Limiter } from './limiter';
import type { Call } from './ports';

export interface ClientOptions {
  /** Where AWS's own endpoints are not meant: a simulator or an emulator. */
  endpoint?: string;
  /** The SDK's default chain when absent. */
  credentials?: AwsCredentialIdentity | AwsCredentialIdentityProvider;
  /** Shared pace; a new one when absent. */
  limiter?: Limiter;
  /** Longest waits for an answer; `TIMEOUTS` where absent. */
  timeouts?: Partial<Timeouts>;
}

/** In milliseconds, by what is called. */
interface Timeouts {
  read: number;
  write: number;
  launch: number;
}

/** The way to one region. */
export interface AwsRegion {
  readonly region: string;
  /**
   * Sends one command of any of the four clients, once. Waits for its turn first; rejects with a `Failure` whose
   * `details.code` is AWS's code, or with the AbortError of `call.signal`.
   */
  send<I extends object, O extends MetadataBearer>(command: CommandIO<I, O>, call?: Call): Promise<O>;
  /** Closes idle connections. */
  close(): void;
}

/** No answer within this time counts as ServiceUnavailable. */
const TIMEOUTS: Timeouts = {
  read: 9000, // under the 10 s that an attempt may wait
  write: 30_000, // they answer within seconds; AWS gives no figure
  launch: 120_000, // an instant fleet answers when all its launches are decided, the later the more there are
};
/** A handshake that takes longer is a lost packet. */
const CONNECTION_TIMEOUT_MS = 3000;
/** More sockets than the calls in flight of a hundred activities are never needed. */
const MAX_SOCKETS = 100;

interface AnyClient {
  send(command: unknown, options: { abortSignal?: AbortSignal; requestTimeout: number }): Promise<MetadataBearer>;
  destroy(): void;
}

/** The clients of one region by the namespace that the SDK's operation schemas carry. */
function clientsOf(region: string, options: ClientOptions): Record<string, AnyClient> {
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const config = {
    region,
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  };
  return {
    ec2: new EC2Client(config),
    ssm: new SSMClient(config),
    resourcegroupstaggingapi: new ResourceGroupsTaggingAPIClient(config),
    sts: new STSClient(config),
  };
}

/** Service and operation of a command, from the schema it carries: `[9, 'com.amazonaws.ec2', 'DescribeVpcs', ...]`. */
function nameOf(command: object): { service: string; operation: string } {
  const { schema } = command as { schema?: readonly [kind: number, namespace: string, operation: string] };
  const [, namespace = '', operation = ''] = schema ?? [];
  return { service: namespace.slice(namespace.lastIndexOf('.') + 1), operation };
}

function kindOf(operation: string): keyof Timeouts {
  if (/^(CreateFleet|RunInstances)$/.test(operation)) return 'launch';
  return /^(Describe|Get|List)/.test(operation) ? 'read' : 'write';
}

/** Opens the way to a region; clients and their connections are kept until `close`. */
export function createRegion(region: string, options: ClientOptions = {}): AwsRegion {
  const clients = clientsOf(region, options);
  const limiter = options.limiter ?? createLimiter();
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  return {
    region,
    async send<I extends object, O extends MetadataBearer>(command: CommandIO<I, O>, call: Call = {}): Promise<O> {
      const { service, operation } = nameOf(command);
      const client = clients[service];
      if (client === undefined) throw new Failure('Internal', `No client for ${service} ${operation}`);
      await limiter.turn(service, region, operation, call.signal);
      const signal = call.signal === undefined ? {} : { abortSignal: call.signal };
      try {
        return (await client.send(command, { ...signal, requestTimeout: timeouts[kindOf(operation)] })) as O;
      } catch (error) {
        if (isAbort(error)) throw error;
        const failure = toFailure(error, { service, region, operation });
        if (failure.type === 'Throttled') limiter.throttled(service, region, operation);
        throw failure;
      }
    },
    close() {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}

/** Regions by name, opened when first asked for; one limiter for all of them. */
export function createRegions(options: ClientOptions = {}): { at(region: string): AwsRegion; close(): void } {
  const limiter = options.limiter ?? createLimiter();
  const open = new Map<string, AwsRegion>();
  return {
    at(region) {
      const known = open.get(region) ?? createRegion(region, { ...options, limiter });
      open.set(region, known);
      return known;
    },
    close() {
      for (const region of open.values()) region.close();
      open.clear();
    },
  };
}
