/** Does the evening half of office hours end what the morning half began, in order, and nothing else? */
import { connect, type Holdfast } from '../../src/client';
import { eventually, startLab, uniqueId, type Lab } from '../support/lab';
import { expectNoTrace, failureOf, reaches } from '../support/outcomes';
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

describe('stop', () => {
  it('tears down what a schedule started, as its own update does, and leaves other experiments alone', async () => {
    const spec = smallSpec({ steps: [], components: { zk: { count: 1 } } });
    const id = uniqueId('office');
    await holdfast.schedules.create({ id, spec, cron: ['0 8 * * 1-5'], paused: 'only by hand' });
    const other = await lab.start('experiment', spec, uniqueId('other'));
    await holdfast.schedules.trigger(id);
    const run = await eventually(async () => (await holdfast.schedules.show(id)).experiments[0]?.id);
    const morning = lab.client.workflow.getHandle(run);
    await Promise.all([reaches(morning, 'Ready'), reaches(other, 'Ready')]);

    const evening = await lab.start('stop', { schedule: id });

    expect(await evening.result()).toEqual({ stopped: [run] });
    expect(await morning.result()).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean' } });
    await expectNoTrace(lab, run);
    expect((await other.describe()).status.name).toBe('RUNNING');
    await holdfast.schedules.delete(id);
    await other.executeUpdate('stop');
    await other.result();
  });

  it('has nothing to do when nothing runs', async () => {
    expect(await (await lab.start('stop', { schedule: uniqueId('idle') })).result()).toEqual({ stopped: [] });
  });

  it('says what is wrong with its input', async () => {
    const { type, message } = await failureOf(await lab.start('stop', { scedule: 'office' }));

    expect(type).toBe('InvalidInput');
    expect(message).toContain('did you mean "schedule"?');
  });
});
