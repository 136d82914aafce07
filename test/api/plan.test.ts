/** Can another service ask over HTTP what an experiment would launch and cost? */
import { connect, type ExperimentInput, type Holdfast } from '../../src/client';
import { planSchema } from '../../src/schemas/http';
import { startLab, type Lab } from '../support/lab';
import { sharedTemporal } from '../support/temporal';
import { openDoor, type Door } from './door';

const components = { a: { count: 2, instanceTypes: ['t3.micro'] } };
const spec: ExperimentInput = { name: 'over-http', lease: '2h', market: 'on-demand', components };

let lab: Lab;
let holdfast: Holdfast;
let door: Door;
beforeAll(async () => {
  lab = await startLab();
  const { address, namespace } = sharedTemporal();
  holdfast = await connect({ connection: { address }, namespace, taskQueue: lab.taskQueue });
  door = await openDoor(holdfast);
});
afterAll(async () => {
  await door.close();
  await holdfast.close();
  await lab.close();
});

describe('a plan over HTTP', () => {
  it('is the plan of the client, for a token that may only read, whose name is the owner', async () => {
    const token = await door.tokens.create('dashboard', 'read', 'now');

    const reply = await door.ask('POST', '/plan', { body: spec, token });
    const same = await holdfast.plan({ ...spec, owner: 'dashboard' });
    await door.tokens.revoke('dashboard');

    expect(reply).toMatchObject({ status: 200 });
    const plan = planSchema.parse(reply.body);
    expect({ ...plan, at: '' }).toEqual({ ...same, at: '' });
    expect(plan.components).toMatchObject([{ component: 'a', count: 2, market: 'on-demand' }]);
  });

  it('says every mistake of a spec in one line', async () => {
    const reply = await door.ask('POST', '/plan', { body: { leese: '1h', components: { a: { count: 0 } } } });

    expect(reply).toMatchObject({
      status: 422,
      body: { failure: 'refused', problems: [expect.stringContaining('components.a.count'), expect.any(String)] },
    });
  });

  it('is refused in the words of a run when nothing would come of it', async () => {
    const reply = await door.ask('POST', '/plan', {
      body: { ...spec, components: { a: { instanceTypes: ['p9.big'] } } },
    });

    expect(reply).toMatchObject({
      status: 422,
      body: {
        failure: 'refused',
        detail: 'nothing would come of it now: Spec',
        problems: ['us-west-2: none of p9.big is offered for component a', 'us-west-2: no image for component a'],
      },
    });
  });

  it('is refused with the words of AWS when the worker may not look', async () => {
    await lab.control('faults', [
      { operation: 'DescribeInstanceTypes', effect: { error: 'UnauthorizedOperation', status: 403 }, times: 1 },
    ]);

    const reply = await door.ask('POST', '/plan', { body: spec });

    expect(reply).toMatchObject({
      status: 422,
      body: { detail: 'nothing would come of it now: Policy', problems: [expect.stringContaining('Unauthorized')] },
    });
  });
});
