/** Journey: many experiments of one owner are shown with their cost, then ended, each with a receipt. */
import { connect, type Holdfast } from '../../src/client';
import { runCli } from '../cli/fake-context';
import { eventually, startLab, uniqueId, type Lab } from '../support/lab';
import { expectNoTrace, instancesOf, reaches } from '../support/outcomes';
import { smallSpec } from '../support/specs';
import { sharedTemporal } from '../support/temporal';

jest.setTimeout(120_000);

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

/** Commands close their connection, which serves several here; AWS's tag indexes lag a minute, the simulator's do not. */
const cli = (args: string[]) =>
  runCli(args, {
    client: {
      ...holdfast,
      close: () => Promise.resolve(),
      cleanup: (input, onStatus) => holdfast.cleanup({ ...input, settleSeconds: '300ms' }, onStatus),
    },
  });

it('destroy ends what runs and what was forgotten, of one owner and no other, and proves it', async () => {
  const owner = uniqueId('owner');
  const spec = smallSpec({ owner, components: { zk: { count: 2 } }, steps: [] });
  const [first, second, terminated, foreign] = ['first', 'second', 'terminated', 'foreign'].map(uniqueId) as [
    ...[string, string],
    ...[string, string],
  ];
  const handles = await Promise.all([
    ...[first, second, terminated].map((id) => lab.start('experiment', spec, id)),
    lab.start('experiment', { ...spec, owner: 'somebody-else' }, foreign),
  ]);
  await Promise.all(handles.map((handle) => reaches(handle, 'Ready')));
  await lab.client.workflow.getHandle(terminated).terminate('lost');

  const shown = await eventually(async () => {
    const ran = await cli(['destroy', '--owner', owner, '--dry-run']);
    // The list of Temporal may lag a second behind.
    return ran.out.filter((line) => line.includes('its workflow')).length === 2 ? ran : undefined;
  });
  expect(shown.out.filter((line) => line.includes('its tags'))).toEqual([expect.stringContaining(terminated)]);
  expect(shown.out.join('\n')).not.toContain(foreign);
  expect(shown.out.at(-1)).toMatch(/^3 experiments, 6 nodes: \$0\.\d+\/h/);
  expect(shown.code).toBe(0);

  const { code, out, err } = await cli(['destroy', '--owner', owner, '--yes']);

  expect({ code, err: err.filter((line) => line.includes('left')) }).toEqual({ code: 0, err: [] });
  expect(out.filter((line) => line.includes('clean: nothing is left'))).toHaveLength(3);
  expect(out.filter((line) => line.includes('Done  paid'))).toHaveLength(2);
  await expectNoTrace(lab, first, second, terminated);
  const { timeline } = await holdfast.get(first).status();
  expect(timeline.map(({ text }) => text)).toContain('note: destroyed by ada');
  const alive = instancesOf(await lab.ledger(), foreign).filter((one) => one.endedAt === undefined);
  expect(alive).toHaveLength(2);
  await cli(['destroy', foreign, '--yes']);
  await expectNoTrace(lab, foreign);
});
