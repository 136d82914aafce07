/** Does the first step of each workflow settle what is wanted, whose worker this is, and what is wrong? */
import { startBench, type Bench, type Info } from '../support/activity-bench';
import { smallSpec } from '../support/specs';

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
});

afterAll(async () => {
  await bench.close();
});

function asWorkflow(workflowId: string): Info {
  return { workflowExecution: { workflowId, runId: 'run-1' } };
}

describe('admitExperiment', () => {
  it('answers with the spec and its defaults, and with the account that this worker acts on', async () => {
    const admission = await bench.run('admitExperiment', smallSpec({ owner: 'ada' }), asWorkflow('exp-1'));

    expect(admission).toMatchObject({ target: bench.target, installation: 'test', owner: 'ada', reaperActs: true });
    expect(bench.target).toEqual({
      account: '123456789012',
      endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:/),
    });
    expect(admission.spec).toMatchObject({ lease: 600, market: 'spot-then-on-demand', placement: 'together' });
    expect(admission.spec.components['zk']).toMatchObject({
      count: 3,
      replacements: 2,
      limits: { ec2: 300, total: 900 },
    });
    expect(admission.spec.steps[0]).toMatchObject({ on: ['broker'], timeout: 60, env: {} });
  });

  it.each([
    [
      'a wrong spec',
      { leese: '1h' },
      'exp-1',
      /^components: is missing[^\n]*\nleese: is no known field; did you mean "lease"\?$/,
    ],
    ['an id that AWS takes no tag of', smallSpec(), 'not an id', /^workflow id "not an id": is no experiment id/],
    ['both at once', { ...smallSpec(), lease: 'soon' }, 'not an id', /^workflow id .*\nlease: is no duration/],
  ])('refuses %s with one line per mistake', async (_name, input, id, lines) => {
    const refusal = bench.run('admitExperiment', input, asWorkflow(id));

    await expect(refusal).rejects.toMatchObject({ type: 'InvalidInput', nonRetryable: true });
    await expect(refusal).rejects.toThrow(lines);
  });
});

describe('admitReadiness', () => {
  it('takes the id of an experiment and its spec', async () => {
    const input = { experimentId: 'exp-1', spec: smallSpec() };

    await expect(bench.run('admitReadiness', input)).resolves.toMatchObject({
      experimentId: 'exp-1',
      target: bench.target,
    });
  });

  it('names fields below the spec with their whole path', async () => {
    const input = { experimentId: 'exp *', spec: { ...smallSpec(), regions: ['mars'] } };

    await expect(bench.run('admitReadiness', input)).rejects.toThrow(
      /^experimentId: is no experiment id\nspec\.regions\.0: is no region: write us-west-2$/,
    );
  });
});

describe('a worker of another account', () => {
  it('hands every task back before its first call', async () => {
    const before = (await bench.ledger()).calls.length;
    const target = { account: '999999999999', endpoint: '' };
    const { spec } = await bench.run('admitExperiment', smallSpec(), asWorkflow('exp-1'));

    const survey = bench.run('surveyRegion', { target, region: 'us-west-2', spec });
    const end = bench.run('terminate', { target, region: 'us-west-2', ids: ['i-0123456789abcdef0'] });

    for (const refusal of [survey, end]) {
      await expect(refusal).rejects.toMatchObject({ type: 'ForeignWorker', nonRetryable: false });
    }
    await expect(survey).rejects.toThrow(
      'the experiment belongs to account 999999999999 at AWS; handing the task back',
    );
    expect((await bench.ledger()).calls.length).toBe(before);
  });
});
