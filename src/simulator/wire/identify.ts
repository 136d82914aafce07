/** Who calls what, where? Read from the action, the target header and the scope of the signature, which is not verified. */
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from '../errors';
import type { Service } from './services';

export type Protocol = 'ec2' | 'query' | 'json';

export interface WireRequest {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Caller {
  region: string;
  account: string;
  accessKey: string;
}

export interface Identified extends Caller {
  service: Service;
  protocol: Protocol;
  operation: string;
}

/** Answers unsigned calls (`aws --no-sign-request`) as the region that AWS takes for its default. */
const DEFAULT_REGION = 'us-east-1';

const TARGETS: Record<string, Service> = { AmazonSSM: 'ssm', ResourceGroupsTaggingAPI_20170126: 'tagging' };
const SCOPES: Record<string, Service> = { ec2: 'ec2', ssm: 'ssm', tagging: 'tagging', sts: 'sts' };
const PROTOCOLS: Record<Service, Protocol> = { ec2: 'ec2', ssm: 'json', tagging: 'json', sts: 'query' };

export function identify(request: WireRequest, defaultAccount: string): Identified {
  const scope = signatureScope(request.headers);
  const caller = {
    region: scope?.region ?? DEFAULT_REGION,
    accessKey: scope?.accessKey ?? '',
    account: accountOf(scope?.accessKey ?? '', defaultAccount),
  };
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') return { ...caller, ...byTarget(target), protocol: 'json' };
  const params = new URLSearchParams(request.body.toString('utf8'));
  const service = queryService(scope?.service, params.get('Version'));
  const operation = params.get('Action');
  if (!operation) throw new AwsError('MissingAction', 'The request is missing an action or a required parameter.');
  return { ...caller, service, operation, protocol: PROTOCOLS[service] };
}

function byTarget(target: string): { service: Service; operation: string } {
  const [prefix = '', operation = ''] = target.split('.');
  const service = TARGETS[prefix];
  if (!service) throw new AwsError('UnknownOperationException', `The simulator has no service '${prefix}'`);
  return { service, operation };
}

/** The version of the EC2 query API; boto3, the CLI and the SDKs all send it. */
const EC2_VERSION = '2016-11-15';

function queryService(scope: string | undefined, version: string | null): Service {
  if (scope === undefined) return version === EC2_VERSION ? 'ec2' : 'sts';
  const service = SCOPES[scope];
  if (!service) throw new AwsError('InvalidAction', `The simulator has no service '${scope}'`);
  return service;
}

function signatureScope(
  headers: IncomingHttpHeaders,
): { accessKey: string; region: string; service: string } | undefined {
  const match = /Credential=([^/,\s]+)\/\d+\/([^/]+)\/([^/]+)\/aws4_request/.exec(headers.authorization ?? '');
  const [, accessKey, region, service] = match ?? [];
  return accessKey && region && service ? { accessKey, region, service } : undefined;
}

/** An access key of 12 digits is taken as the account, so that tests can use several; any other is the default one. */
function accountOf(accessKey: string, defaultAccount: string): string {
  return /^\d{12}$/.test(accessKey) ? accessKey : defaultAccount;
}
