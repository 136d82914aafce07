/** Does a template stand in the start form with its whole input, make nothing, and stay out of every list? */
import { connect, type Holdfast } from '../../src/client';
import { missingTemplates, showTemplates } from '../../src/client/templates';
import { templateWorkflowId } from '../../src/contracts/names';
import { eventually, startLab, uniqueId, type Lab } from '../support/lab';
import { expectNoTrace, reaches } from '../support/outcomes';
import { smallSpec } from '../support/specs';
import { sharedTemporal } from '../support/temporal';

let lab: Lab;
let holdfast: Holdfast;

beforeAll(async () => {
  lab = await startLab();
  const { address, namespace } = sharedTemporal();
  holdfast = await connect({ connection: { address }, namespace, taskQueue: lab.taskQueue });
});
afterAll(async () => {
  await holdfast.close();
  await lab.close();
});

const spec = smallSpec({ steps: [] });

async function shown(more = {}): Promise<{ name: string; id: string }> {
  const name = uniqueId('small');
  await showTemplates(lab.client, lab.taskQueue, { [name]: { ...spec, ...more } });
  return { name, id: templateWorkflowId(name) };
}

describe('a template', () => {
  it('is checked by a worker, completes, and makes nothing', async () => {
    const before = (await lab.ledger()).calls.length;
    const { id } = await shown();

    expect(await lab.client.workflow.getHandle(id).result()).toEqual({ template: 'small' });

    const { calls } = await lab.ledger();
    expect(calls.slice(before).filter(({ operation }) => operation !== 'GetCallerIdentity')).toEqual([]);
  });

  it('carries the spec as its input and nothing that the form would copy besides', async () => {
    const { id } = await shown();
    const handle = lab.client.workflow.getHandle(id);
    await handle.result();

    const { events = [] } = await handle.fetchHistory();
    const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
    const own = (await handle.describe()).typedSearchAttributes
      .getAll()
      .filter(({ key }) => /^Holdfast/.test(key.name));

    expect(JSON.parse(Buffer.from(payload?.data ?? []).toString())).toEqual(spec);
    expect(own).toEqual([]);
  });

  it('fails at once when a worker finds its spec wrong, so that nobody starts from it unwarned', async () => {
    const { id } = await shown({ lease: '30d' });

    await expect(lab.client.workflow.getHandle(id).result()).rejects.toMatchObject({
      cause: { type: 'InvalidInput', message: expect.stringContaining('HOLDFAST_MAX_LEASE') },
    });
  });

  it('is no experiment to list, page, or resolve', async () => {
    const { id } = await shown();
    const query = `WorkflowId = '${id}'`;
    await eventually(async () => {
      for await (const one of lab.client.workflow.list({ query })) return one;
      return undefined;
    });

    expect(await holdfast.list({ query })).toEqual([]);
    await expect(holdfast.resolve(id)).rejects.toMatchObject({ kind: 'not-found' });
    const { experiments } = await holdfast.page({ limit: 1000 });
    expect(experiments.map((one) => one.id)).not.toContain(id);
  });

  it('is put there again when it changed or a person ran its id, and only then', async () => {
    const { name, id } = await shown();
    const templates = { [name]: spec };

    expect(await missingTemplates(lab.client, templates)).toEqual({});
    expect(await missingTemplates(lab.client, { [name]: { ...spec, lease: '1h' } })).toHaveProperty(name);

    await lab.client.workflow.getHandle(id).result();
    const run = await lab.start('experiment', spec, id);
    await reaches(run, 'Ready'); // a run of the same id, as the form starts it, is an experiment
    expect(await missingTemplates(lab.client, templates)).toEqual(templates);
    await showTemplates(lab.client, lab.taskQueue, templates); // it goes on
    await run.executeUpdate('stop');
    expect(await run.result()).toMatchObject({ phase: 'Done' });
    await expectNoTrace(lab, id);
  });

  it('is left out when it is no whole spec, or its name is no id', async () => {
    expect(await missingTemplates(lab.client, { half: { lease: '1h' } as never, 'a b': spec })).toEqual({});
  });
});
