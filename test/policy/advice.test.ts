import { quotaAdvice } from '../../src/policy/chain';

const need = {
  region: 'us-west-2',
  market: 'spot' as const,
  quotaFamily: 'Standard',
  count: 3,
  instanceType: 'm6i.4xlarge',
  vcpus: 16,
};

describe('the line about a quota', () => {
  it('says what was needed, what is free and the command that asks for enough', () => {
    expect(quotaAdvice({ ...need, freeVcpus: 16, limitVcpus: 48 })).toBe(
      'Quota: 3 x m6i.4xlarge need 48 vCPU of L-34B43A08 (Standard, spot, us-west-2), 16 free. Ask for 80: ' +
        'aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-34B43A08 ' +
        '--region us-west-2 --desired-value 80',
    );
  });

  it('leaves the number to the user when the quota could not be read', () => {
    const line = quotaAdvice(need);

    expect(line).toContain('Ask for 48 more than are in use: aws service-quotas');
    expect(line).toContain('--desired-value VCPUS');
    expect(line).not.toContain('free');
  });

  it.each([
    ['Standard', 'on-demand', 'L-1216C47A'],
    ['G', 'spot', 'L-3819A6DF'],
    ['G', 'on-demand', 'L-DB2E81BA'],
    ['P', 'spot', 'L-7212CCBC'],
  ] as const)('names the quota of %s %s', (quotaFamily, market, code) => {
    expect(quotaAdvice({ ...need, quotaFamily, market })).toContain(code);
  });

  it('has no code for a family it does not know', () => {
    expect(quotaAdvice({ ...need, quotaFamily: 'Mac' })).toBe(
      'Quota: 3 x m6i.4xlarge need 48 vCPU of the quota of Mac, spot, us-west-2. ' +
        'Ask for 48 more than are in use in the Service Quotas console.',
    );
  });

  it('does not speak of vCPUs when another limit was hit', () => {
    expect(quotaAdvice({ ...need, code: 'MaxFleetCountExceeded' })).toBe(
      'Quota: us-west-2 answers MaxFleetCountExceeded. Ask for more in the Service Quotas console.',
    );
  });
});
