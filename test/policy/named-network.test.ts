import { namedNetworkProblems, type NetworkFound } from '../../src/policy/named-network';

const found: NetworkFound = {
  subnets: [
    { subnetId: 'subnet-a', vpcId: 'vpc-1' },
    { subnetId: 'subnet-b', vpcId: 'vpc-1' },
    { subnetId: 'subnet-far', vpcId: 'vpc-2' },
  ],
  groups: [
    { groupId: 'sg-1', vpcId: 'vpc-1' },
    { groupId: 'sg-far', vpcId: 'vpc-2' },
  ],
  vpcs: [
    { vpcId: 'vpc-1', tags: { Owner: 'ada' } },
    { vpcId: 'vpc-2', tags: {} },
  ],
};

function problems(
  named: { vpcId?: string; subnetIds: string[]; securityGroupIds?: string[] },
  there = found,
): string[] {
  return namedNetworkProblems('us-west-2', { securityGroupIds: [], ...named }, there);
}

describe('a named network', () => {
  it('that is all there, in one VPC, has no problems', () => {
    const all = { subnetIds: ['subnet-a', 'subnet-b'], securityGroupIds: ['sg-1'] };

    expect(problems(all)).toEqual([]);
    expect(problems({ ...all, vpcId: 'vpc-1' })).toEqual([]);
  });

  it('has one line for each id that does not exist', () => {
    expect(problems({ vpcId: 'vpc-x', subnetIds: ['subnet-x', 'subnet-y'], securityGroupIds: ['sg-x'] })).toEqual([
      'us-west-2: VPC vpc-x does not exist here',
      'us-west-2: subnet subnet-x does not exist here, or is not available',
      'us-west-2: subnet subnet-y does not exist here, or is not available',
      'us-west-2: security group sg-x does not exist here, or is not available',
    ]);
  });

  it.each([
    ['the VPC that is named', { vpcId: 'vpc-1' }],
    ['the VPC of the first subnet', {}],
  ])('has one line for each part that is not in %s', (_, vpc) => {
    expect(problems({ ...vpc, subnetIds: ['subnet-a', 'subnet-far'], securityGroupIds: ['sg-far'] })).toEqual([
      'us-west-2: subnet subnet-far is in vpc-2, not in vpc-1',
      'us-west-2: security group sg-far is in vpc-2, not in vpc-1',
    ]);
  });

  it("that is another experiment's own is refused: it ends with that one", () => {
    const tags = { ExperimentID: 'exp-9', ManagedBy: 'holdfast' };
    const owned = { ...found, vpcs: [{ vpcId: 'vpc-1', tags }] };

    expect(problems({ subnetIds: ['subnet-a'] }, owned)).toEqual([
      'us-west-2: VPC vpc-1 was made by experiment exp-9 and ends with it; name one that nobody deletes',
    ]);
    expect(
      problems(
        { subnetIds: ['subnet-a'] },
        { ...found, vpcs: [{ vpcId: 'vpc-1', tags: { ...tags, ManagedBy: 'x' } }] },
      ),
    ).toEqual([]);
  });
});
