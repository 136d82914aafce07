/** Does the data of a slot get to its next node, or else what the spec says in its place? */
import { createCloud } from '../../src/aws/cloud';
import type { VolumeView } from '../../src/aws/ports';
import type { ExperimentResult, ExperimentStatus, Node } from '../../src/contracts/messages';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { SIMULATOR_CREDENTIALS } from '../../src/worker';
import { inLab } from '../support/in-lab';
import { eventually, type Lab } from '../support/lab';
import { smallSpec } from '../support/specs';

type VolumeInput = NonNullable<NonNullable<ExperimentInput['components'][string]>['volumes']>[number];

function bookkeepers(volume: Partial<VolumeInput> = {}): ExperimentInput {
  const volumes = [{ sizeGiB: 50, follows: 'slot' as const, ...volume }];
  return smallSpec({
    components: {
      bookkeeper: {
        // Alone in its pool: a sibling there would be replaced as at risk.
        count: 1,
        instanceTypes: ['t3.small', 't3a.small'],
        volumes,
        services: ['bookkeeper.service'],
        setup: 'systemctl start bookkeeper.service',
      },
    },
    steps: [],
  });
}

interface Loss {
  before: Node;
  after: Node;
  /** The volumes of both nodes as AWS had them after the failover. */
  disks: VolumeView[];
  result: ExperimentResult;
  status: ExperimentStatus;
}

/** Runs the spec, does something to the first slot's node, waits for its successor, and ends the experiment. */
async function lose(lab: Lab, spec: ExperimentInput, act: (node: Node) => Promise<void>): Promise<Loss> {
  const handle = await lab.start('experiment', spec);
  const ready = await eventually(async () => {
    const now = await handle.query<ExperimentStatus>('status');
    return now.phase === 'Ready' && now.nodes.every((node) => node.volumes !== undefined) ? now : undefined;
  });
  const before = slotZero(ready);
  await act(before);
  const status = await eventually(async () => {
    const now = await handle.query<ExperimentStatus>('status');
    return now.interruptions[0]?.promotedAt === undefined ? undefined : now;
  }, 40_000);
  const after = slotZero(status);
  const disks = await volumesOf(
    lab,
    [...(before.volumes ?? []), ...(after.volumes ?? [])].map((one) => one.volumeId),
  );
  await handle.executeUpdate('stop');
  return { before, after, disks, status, result: (await handle.result()) as ExperimentResult };
}

function slotZero({ nodes }: ExperimentStatus): Node {
  const node = nodes.find(({ slot }) => slot === 'bookkeeper-0');
  if (node === undefined) throw new Error('bookkeeper-0 has no node');
  return node;
}

async function volumesOf(lab: Lab, ids: string[]): Promise<VolumeView[]> {
  const cloud = createCloud({ region: 'us-west-2', endpoint: lab.simulatorUrl, credentials: SIMULATOR_CREDENTIALS });
  try {
    return await cloud.volumes('us-west-2').describe([...new Set(ids)]);
  } finally {
    cloud.close();
  }
}

async function cleanEnd(lab: Lab, result: ExperimentResult): Promise<void> {
  expect(result).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean' } });
  expect((await lab.ledger()).summary).toMatchObject({ alive: 0, aliveByType: {}, duplicates: 0, untagged: 0 });
}

/** The first on-demand machine dies while pending. */
const DIES_ONCE = { region: '*', zone: '*', type: '*', market: 'on-demand', code: 'Server.InternalError', times: 1 };

const reclaim = (lab: Lab) => (node: Node) =>
  lab.control('interrupt', { instanceId: node.instanceId, noticeSeconds: 1 });

describe('a volume that follows its slot', () => {
  it.concurrent(
    'is on the next node, in the same zone, with its slot written on it',
    inLab(async (lab) => {
      const { before, after, disks, result } = await lose(lab, bookkeepers(), reclaim(lab));

      expect(after).toMatchObject({ generation: 2, zone: before.zone });
      expect(after.volumes).toEqual([{ ...before.volumes?.[0], origin: 'kept' }]);
      expect(disks).toMatchObject([
        { tags: { Slot: 'bookkeeper-0' }, attachment: { instanceId: after.instanceId, state: 'attached' } },
      ]);
      const made = (await lab.ledger()).resources.filter(({ type, tags }) => type === 'volume' && tags['Component']);
      // A root and a data volume for the first node, and a root for the second.
      expect(made).toHaveLength(3);
      await cleanEnd(lab, result);
    }),
    60_000,
  );

  it.concurrent(
    'gets to the node after the next, when the next one ended before it came',
    inLab(
      async (lab) => {
        const { before, after, disks, result } = await lose(lab, bookkeepers(), async (node) => {
          await lab.control('capacity', {
            region: 'us-west-2',
            zone: node.zone,
            type: '*',
            market: 'spot',
            capacity: 0,
          });
          await lab.control('interrupt', { instanceId: node.instanceId, noticeSeconds: 100 });
        });

        expect(after).toMatchObject({ generation: 3, zone: before.zone, market: 'on-demand' });
        expect(after.volumes).toEqual([{ ...before.volumes?.[0], origin: 'kept' }]);
        expect(disks).toMatchObject([{ attachment: { instanceId: after.instanceId, state: 'attached' } }]);
        await cleanEnd(lab, result);
      },
      { simulator: { scenario: { extends: 'quick', launchFailures: [DIES_ONCE] } as never } },
    ),
    60_000,
  );

  it.concurrent(
    'stays behind in a zone without capacity, and the slot goes on elsewhere with a copy of it',
    inLab(async (lab) => {
      const { before, after, result, status } = await lose(lab, bookkeepers(), async (node) => {
        await lab.control('capacity', { region: 'us-west-2', zone: node.zone, type: '*', market: '*', capacity: 0 });
        await reclaim(lab)(node);
      });

      expect(after.zone).not.toBe(before.zone);
      expect(after.volumes).toMatchObject([{ origin: 'restored', zone: after.zone, device: '/dev/sdf' }]);
      expect(after.volumes?.[0]?.volumeId).not.toBe(before.volumes?.[0]?.volumeId);
      expect(status.timeline.map(({ text }) => text)).toContainEqual(
        expect.stringContaining('has no room for 1 nodes'),
      );
      const snapshots = (await lab.ledger()).resources.filter(({ type }) => type === 'snapshot');
      expect(snapshots).toHaveLength(1);
      await cleanEnd(lab, result);
    }),
    60_000,
  );

  it.concurrent(
    'is made anew where the spec says so, once the old machine has held it for too long',
    inLab(
      async (lab) => {
        const spec = bookkeepers({ onStuck: 'rebuild', moveWithin: '100ms' });
        const { before, after, result } = await lose(lab, spec, reclaim(lab));

        expect(after.zone).toBe(before.zone);
        expect(after.volumes).toMatchObject([{ origin: 'new', zone: after.zone }]);
        expect(after.volumes?.[0]?.volumeId).not.toBe(before.volumes?.[0]?.volumeId);
        await cleanEnd(lab, result);
      },
      { simulator: { scenario: { extends: 'quick', delays: { terminate: [8000, 8000] } } as never } },
    ),
    60_000,
  );
});
