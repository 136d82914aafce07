import { startSimulator, type LedgerDocument, type Simulator } from '../../../src/simulator';
import { loadS1k, S10K_CELLS, S1K_SCENARIO } from './s1k';

let simulator: Simulator;
beforeEach(async () => (simulator = await startSimulator({ scenario: S1K_SCENARIO })));
afterEach(() => simulator.close());

const PER_CELL = {
  instance: 30,
  volume: 40,
  'network-interface': 6,
  'security-group': 10,
  subnet: 4,
  'route-table': 2,
  'internet-gateway': 1,
  natgateway: 1,
  'elastic-ip': 1,
  'vpc-endpoint': 1,
  'launch-template': 1,
  'key-pair': 1,
  vpc: 1,
};

async function owned(region: string): Promise<Record<string, number>> {
  const { resources } = (await (await fetch(`${simulator.url}/_sim/ledger`)).json()) as LedgerDocument;
  const count: Record<string, number> = {};
  for (const one of resources) {
    if (one.region === region && one.tags['ExperimentID'] === 'load-1' && one.endedAt === undefined)
      count[one.type] = (count[one.type] ?? 0) + 1;
  }
  return count;
}

const times = (cells: number): Record<string, number> =>
  Object.fromEntries(Object.entries(PER_CELL).map(([type, count]) => [type, count * cells]));

describe('the load S1k', () => {
  it('is 995 tagged objects in one region', async () => {
    await loadS1k({ url: simulator.url, experimentId: 'load-1', cells: { 'us-west-2': 10 } });

    const found = await owned('us-west-2');
    expect(found).toEqual({ ...times(10), 'placement-group': 5 });
    expect(Object.values(found).reduce((sum, count) => sum + count, 0)).toBe(995);
  });

  it('spreads over regions by cells', async () => {
    await loadS1k({ url: simulator.url, experimentId: 'load-1', cells: { 'us-east-1': 1, 'ap-south-1': 2 } });

    expect(await owned('us-east-1')).toEqual({ ...times(1), 'placement-group': 1 });
    expect(await owned('ap-south-1')).toEqual({ ...times(2), 'placement-group': 1 });
  });

  it('is a hundred cells over seventeen regions when it is ten times as large', () => {
    expect(Object.keys(S10K_CELLS)).toHaveLength(17);
    expect(Object.values(S10K_CELLS).reduce((sum, count) => sum + count, 0)).toBe(100);
  });
});
