import { DescribeInstanceTypesCommand, DescribeSpotPriceHistoryCommand, EC2Client } from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import { instanceTypes, offerings } from '../../src/aws/instance-types';
import { spotPrices } from '../../src/aws/spot-prices';
import { onDemandPrice } from '../../src/aws/on-demand-prices';
import { quotaFamily } from '../../src/aws/quota-families';
import { mockedRegion } from './support';

const ec2 = mockClient(EC2Client);
const aws = mockedRegion();
beforeEach(() => ec2.reset());

it('instance types are those a node can run on, over all pages', async () => {
  const info = (InstanceType: string, ...SupportedArchitectures: string[]): object => ({
    InstanceType,
    VCpuInfo: { DefaultVCpus: 2 },
    MemoryInfo: { SizeInMiB: 4096 },
    ProcessorInfo: { SupportedArchitectures },
  });
  ec2
    .on(DescribeInstanceTypesCommand)
    .resolvesOnce({ InstanceTypes: [info('t2.medium', 'i386', 'x86_64')] as never[], NextToken: 'x' })
    .resolvesOnce({ InstanceTypes: [info('t4g.medium', 'arm64'), info('mac2.metal', 'arm64_mac')] as never[] });
  expect((await instanceTypes(aws, ['t2.medium'])).map((one) => [one.instanceType, one.architecture])).toEqual([
    ['t2.medium', 'x86_64'],
    ['t4g.medium', 'arm64'],
  ]);
});

it('nothing is asked about no types', async () => {
  expect(await instanceTypes(aws, [])).toEqual([]);
  expect(await offerings(aws, [])).toEqual([]);
  expect(await spotPrices(aws, [])).toEqual([]);
  expect(ec2.calls()).toHaveLength(0);
});

it('of several spot prices of a pool the newest counts, and what is no price is left out', async () => {
  const price = (SpotPrice: string, time: string, AvailabilityZone = 'us-west-2a'): object => ({
    InstanceType: 't3.micro',
    AvailabilityZone,
    SpotPrice,
    Timestamp: new Date(time),
  });
  ec2.on(DescribeSpotPriceHistoryCommand).resolves({
    SpotPriceHistory: [price('0.003', '2026-01-01'), price('0.004', '2026-01-03'), price('0.005', '2026-01-02')].concat(
      [price('', '2026-01-02', 'us-west-2b')],
    ),
    NextToken: '',
  });
  expect(await spotPrices(aws, ['t3.micro'])).toEqual([
    { instanceType: 't3.micro', zone: 'us-west-2a', usd: 0.004, dayUsd: 0.004 },
  ]);
});

it('the price of a day counts each price for as long as it was in force', async () => {
  const price = (SpotPrice: string, hoursAgo: number): object => ({
    InstanceType: 't3.micro',
    AvailabilityZone: 'us-west-2a',
    SpotPrice,
    Timestamp: new Date(Date.now() - hoursAgo * 3_600_000),
  });
  ec2.on(DescribeSpotPriceHistoryCommand).resolves({
    SpotPriceHistory: [price('0.008', 6), price('0.004', 30), price('0.002', 3)],
  });
  const [pool] = await spotPrices(aws, ['t3.micro']);
  // 18 h at 0.004, 3 h at 0.008, 3 h at 0.002.
  expect(pool?.usd).toBe(0.002);
  expect(pool?.dayUsd).toBeCloseTo(0.00425, 6);
});

it.each([
  ['t3.micro', 'Standard'],
  ['m6i.4xlarge', 'Standard'],
  ['hs1.8xlarge', 'Standard'],
  ['g5.xlarge', 'G'],
  ['g4dn.xlarge', 'G'],
  ['p3.2xlarge', 'P'],
  ['inf2.xlarge', 'Inf'],
  ['x2idn.16xlarge', 'X'],
  ['u-6tb1.metal', 'HighMem'],
])('%s counts against the quota %s', (type, family) => {
  expect(quotaFamily(type)).toBe(family);
});

it.each([
  ['us-east-1', 't3.micro', 0.0104],
  ['us-west-2', 'm5.large', 0.096],
  ['us-east-2', 'm6i.4xlarge', 0.768],
  ['us-west-2', 'c6g.medium', 0.034],
  ['us-west-2', 'g5.xlarge', 1.006],
  ['eu-west-1', 'm5.large', 0.10656],
])('on demand in %s a %s costs %d USD per hour', (region, type, usd) => {
  expect(onDemandPrice(region, type)).toBe(usd);
});

it.each([
  ['us-west-2', 'm5.nano'],
  ['us-west-2', 'c5.16xlarge'],
  ['us-west-2', 'zz9.plural'],
  ['us-west-2', ''],
  ['ap-south-1', 't3.micro'],
])('the price in %s of "%s" is unknown', (region, type) => {
  expect(onDemandPrice(region, type)).toBeUndefined();
});
