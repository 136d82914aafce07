/** Does a longer lease reach everything that is in AWS, and what comes later, and is there an end to it? */
import type { WorkflowHandle } from '@temporalio/client';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { eventually, startLab, uniqueId, type Lab } from '../support/lab';
import { failureOf, ofExperiment, reaches, statusOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());
beforeEach(() => lab.control('reset', {}));
afterEach(() => lab.control('faults', []));

async function ready(over: Partial<ExperimentInput> = {}): Promise<WorkflowHandle> {
  const components = { pair: { count: 2, volumes: [{ sizeGiB: 8, follows: 'slot' as const }] } };
  const handle = await lab.start('experiment', smallSpec({ components, steps: [], ...over }), uniqueId('leased'));
  await reaches(handle, 'Ready');
  return handle;
}

/** Ends of lease by type, of what is tagged as the experiment's and lives. Spot requests carry no tags. */
async function endsOf(id: string): Promise<Record<string, string[]>> {
  const kinds: Record<string, string[]> = {};
  for (const { type, tags, endedAt } of ofExperiment(await lab.ledger(), id)) {
    if (endedAt === undefined && type !== 'step') (kinds[type] ??= []).push(tags['ExpiresAt'] ?? 'none');
  }
  return kinds;
}

const extend = (handle: WorkflowHandle, by: unknown): Promise<{ expiresAt: string }> =>
  handle.executeUpdate('extend', { args: [{ by }] });
const messageOf = (update: Promise<unknown>): Promise<string> =>
  update.then(
    () => 'accepted',
    (error: { cause?: Error }) => error.cause?.message ?? String(error),
  );

describe('extend', () => {
  it('moves the tag of everything that the experiment owns, and of what comes later', async () => {
    const handle = await ready();
    const before = await endsOf(handle.workflowId);

    const { expiresAt } = await extend(handle, '2h');

    const after = await endsOf(handle.workflowId);
    expect(Object.keys(after)).toEqual(
      expect.arrayContaining(['instance', 'volume', 'network-interface', 'security-group', 'launch-template', 'fleet']),
    );
    expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
    for (const ends of Object.values(after)) expect(new Set(ends)).toEqual(new Set([expiresAt]));
    expect((await statusOf(handle)).expiresAt).toBe(expiresAt);
    const sent = (await lab.ledger()).calls.filter((call) => call.operation === 'SendCommand').length;

    await handle.executeUpdate('replaceNode', { args: [{ slot: 'pair-0' }] });
    await eventually(async () => {
      const { nodes } = await statusOf(handle);
      return nodes.some((node) => node.generation === 2) ? true : undefined;
    });

    const fresh = (await endsOf(handle.workflowId))['instance'] ?? [];
    expect(new Set(fresh)).toEqual(new Set([expiresAt]));
    // A later node is told of the longer lease as well.
    await eventually(async () => {
      const now = (await lab.ledger()).calls.filter((call) => call.operation === 'SendCommand').length;
      return now > sent ? true : undefined;
    });
    await handle.executeUpdate('stop');
    await handle.result();
  });

  it('is refused beyond the longest lease, which it names, and as no duration', async () => {
    const handle = await ready();

    const tooLong = await messageOf(extend(handle, '8d'));

    expect(tooLong).toMatch(/^by: 8d is too long: the longest lease of this installation is 7d \(HOLDFAST_MAX_LEASE\)/);
    expect(await messageOf(extend(handle, 'long'))).toMatch(/is no duration; write \{"by": "2h"\}/);
    await handle.executeUpdate('stop');
    await handle.result();
    expect(await messageOf(extend(handle, '1h'))).not.toBe('accepted');
  });

  it('says what in AWS does not know of the longer lease, which holds all the same', async () => {
    const handle = await ready();
    const first = (await statusOf(handle)).expiresAt;
    const denied = { error: 'UnauthorizedOperation', status: 403 };
    await lab.control('faults', [{ operation: 'CreateTags', effect: denied }]);

    const said = await messageOf(extend(handle, '1h'));

    const { expiresAt, timeline } = await statusOf(handle);
    expect(said).toMatch(/^the lease now ends at .*, but not everything in AWS says so/);
    expect(said).toMatch(/us-west-2: .*UnauthorizedOperation/);
    expect(Date.parse(expiresAt) - Date.parse(first)).toBe(3_600_000);
    expect(timeline.some(({ text }) => text.includes('UnauthorizedOperation'))).toBe(true);
    await lab.control('faults', []);
    await handle.executeUpdate('stop');
    await handle.result();
  });

  it('leaves the latest end when two come at once', async () => {
    const handle = await ready();

    const ends = await Promise.all([extend(handle, '1h'), extend(handle, '1h')]);

    const last = ends.map(({ expiresAt }) => expiresAt).sort()[1];
    for (const seen of Object.values(await endsOf(handle.workflowId))) expect(new Set(seen)).toEqual(new Set([last]));
    await handle.executeUpdate('stop');
    await handle.result();
  });
});

it('a spec with a longer lease than the installation allows is refused', async () => {
  const { type, message } = await failureOf(await lab.start('experiment', smallSpec({ lease: '8d' })));
  expect({ type, message }).toEqual({
    type: 'InvalidInput',
    message: 'lease: 8d is longer than 7d, the longest of this installation (HOLDFAST_MAX_LEASE)',
  });
});
