import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import type { ExperimentResult } from '../../src/contracts/messages';
import { startLab, type Lab } from '../support/lab';

const examples = resolve(__dirname, '../../examples');

function read(name: string): object {
  return parse(readFileSync(resolve(examples, name), 'utf8')) as object;
}

/** The example as it is, but for the time cleanup gives to AWS's indexes: the simulated ones need less. */
function example(name: string): object {
  return { ...read(name), settle: '1s' };
}

let lab: Lab;
beforeEach(async () => {
  // Its capacity and its nodes, at the pace of tests.
  lab = await startLab({ simulator: { scenario: { ...read('scenarios/dry-pools.yaml'), delays: {} } } });
});
afterEach(() => lab.close());

async function run(name: string): Promise<ExperimentResult> {
  return runInput(example(name));
}

async function runInput(input: object): Promise<ExperimentResult> {
  const handle = await lab.start('experiment', input);
  const result = (await handle.result()) as ExperimentResult;
  const { summary } = await lab.ledger();
  expect(result).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean' } });
  expect(summary).toMatchObject({
    alive: 0,
    aliveByType: {},
    duplicates: 0,
    untagged: 0,
    launched: result.nodes.length,
  });
  return result;
}

describe('the examples run', () => {
  it('pulsar-quick runs as a template that is named by one word, with the field that was given beside it', async () => {
    const result = await runInput({ template: 'pulsar-quick', settle: '1s' });

    expect(result.nodes.map((node) => node.slot).sort()).toEqual(['broker-0', 'client-0']);
    expect(result.steps).toMatchObject([{ name: 'quick', slot: 'client-0', exitCode: 0 }]);
  });

  it('spot-swarm spreads its groups over three regions, since two of them are full after one, and all do the work', async () => {
    const result = await run('spot-swarm.yaml');

    const regions = ['eu-west-1', 'us-east-1', 'us-west-2'];
    const places = new Set(result.nodes.map((node) => `${node.region} ${node.component}`));
    expect(result.nodes.map((node) => `${node.region} ${node.market}`).sort()).toEqual(
      regions.flatMap((region) => [`${region} spot`, `${region} spot`]),
    );
    expect(places.size).toBe(regions.length);
    expect(result.steps).toHaveLength(6);
    for (const step of result.steps) expect(step).toMatchObject({ exitCode: 0, result: { bytes: 16_777_216 } });
  });

  it('gpu-one finds its GPU after the wanted type, the wider types and the first region refused', async () => {
    const result = await run('gpu-one.yaml');

    expect(result.nodes).toMatchObject([{ slot: 'trainer-0', region: 'us-east-1', market: 'on-demand' }]);
    const refused = result.attempts.filter((attempt) => attempt.launched === 0);
    expect(refused.map((attempt) => attempt.region)).toContain('us-west-2');
    expect(new Set(refused.flatMap((attempt) => attempt.refusals.map((refusal) => refusal.class)))).toContain(
      'capacity',
    );
    expect(result.steps).toMatchObject([{ name: 'gpu-facts', exitCode: 0 }]);
  });
});
