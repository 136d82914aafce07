/** Which attributes of VPCs and subnets can be changed on their own? One a call. */
import { AwsError } from '../errors';
import { regionState } from '../world/world';
import type { Handler, Handlers } from '../world/state';
import { find } from './describe';
import { flag, invalid, need, record, type Input } from './input';
import { unknownSubnet, unknownVpc } from './unknown';

/** The one attribute that the request changes, and its value. */
function changeOf<T extends string>(input: Input, known: readonly T[]): { member: T; value: boolean } {
  const given = known.filter((member) => record(input, member) !== undefined);
  const [member] = given;
  if (given.length !== 1 || member === undefined) {
    throw new AwsError('InvalidParameterCombination', `Exactly one of ${known.join(', ')} must be specified.`);
  }
  return { member, value: flag(record(input, member) ?? {}, 'Value') ?? false };
}

const modifyVpcAttribute: Handler = (input, ctx) => {
  const vpc = find(ctx, regionState(ctx).vpcs, need(input, 'VpcId'), unknownVpc);
  const { member, value } = changeOf(input, ['EnableDnsHostnames', 'EnableDnsSupport']);
  vpc.dns[member === 'EnableDnsSupport' ? 'support' : 'hostnames'] = value;
  return {};
};

const describeVpcAttribute: Handler = (input, ctx) => {
  const vpc = find(ctx, regionState(ctx).vpcs, need(input, 'VpcId'), unknownVpc);
  const attribute = need(input, 'Attribute');
  if (attribute === 'enableDnsSupport') return { VpcId: vpc.id, EnableDnsSupport: { Value: vpc.dns.support } };
  if (attribute === 'enableDnsHostnames') return { VpcId: vpc.id, EnableDnsHostnames: { Value: vpc.dns.hostnames } };
  throw invalid('attribute', attribute, 'The simulator knows enableDnsSupport and enableDnsHostnames.');
};

const modifySubnetAttribute: Handler = (input, ctx) => {
  const subnet = find(ctx, regionState(ctx).subnets, need(input, 'SubnetId'), unknownSubnet);
  subnet.mapPublicIp = changeOf(input, ['MapPublicIpOnLaunch']).value;
  return {};
};

export const networkAttributeOperations: Handlers = {
  ModifyVpcAttribute: modifyVpcAttribute,
  DescribeVpcAttribute: describeVpcAttribute,
  ModifySubnetAttribute: modifySubnetAttribute,
};
