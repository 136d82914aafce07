import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createCleanupActivities, type CleanupActivities } from '../../src/activities/cleanup';
import { guard } from '../../src/activities/failure';
import {
  CERTIFICATE_FORMAT,
  type Certificate,
  type CertificateEntry,
  type SeenResource,
} from '../../src/contracts/inventory';
import type { CertificateFrame } from '../../src/policy/certificate';
import { foldSeen, type Entries, type Entry } from '../../src/policy/deletion';
import { pack, unpack, type Sightings } from '../../src/policy/sightings';
import { createFolderStore } from '../../src/results/folder';
import { memoryCloud, memoryResource, type MemoryOptions, type MemoryResource } from '../support/memory-inventory';

/** Refusals are the subject here, so they are not logged. */
const logger = new DefaultLogger('ERROR');
const target = { account: '123456789012', endpoint: 'memory' };
const where = { target, experimentId: 'exp-1', region: 'us-west-2' };
const packed = (entries: Entries): Sightings<Entry> => pack(Object.values(entries));
const found = (reply: { found: Sightings }): SeenResource[] => unpack('us-west-2', reply.found);
const longAgo = new Date(0).toISOString();
const soon = (): string => new Date(Date.now() + 60_000).toISOString();

describe('the cleanup activities', () => {
  let root: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'holdfast-cleanup-'));
  });

  afterAll(async () => {
    await rm(root, { recursive: true });
  });

  function bench(resources: MemoryResource[] = [], options: MemoryOptions = {}) {
    const memory = memoryCloud(resources, options);
    const activities = guard(createCleanupActivities({ cloud: memory.cloud, results: createFolderStore(root) }));
    const run = <K extends keyof CleanupActivities>(
      name: K,
      input: Parameters<CleanupActivities[K]>[0],
      attempt = 1,
    ) => {
      const activity = activities[name] as (value: unknown) => ReturnType<CleanupActivities[K]>;
      return new MockActivityEnvironment({ attempt }, { logger }).run(activity, input) as ReturnType<
        CleanupActivities[K]
      >;
    };
    return { ...memory, run };
  }

  describe('admitCleanup', () => {
    it('fills in every region of the account, the times and whose account it is', async () => {
      await expect(bench().run('admitCleanup', { experimentId: 'exp-1' })).resolves.toEqual({
        experimentId: 'exp-1',
        regions: ['us-west-2', 'eu-west-1'],
        everyRegion: true,
        plan: false,
        settleSeconds: 60,
        limitSeconds: 1800,
        recheckSeconds: 4500,
        target,
      });
    });

    it.each([
      [undefined, 'experimentId: is missing'],
      [{ experimentId: '' }, 'experimentId: is no experiment id'],
      [{ experimentId: 'exp-*' }, 'experimentId: is no experiment id'],
      [{ experimentId: 'exp-1', region: 'us-west-2' }, 'region: is no known field; did you mean "regions"?'],
      [{ experimentId: 'exp-1', regions: ['mars'] }, 'regions.0: is no region'],
      [
        { experimentId: 'exp-1', regions: ['us-west-3'] },
        'regions.0: is no enabled region of this account: us-west-3; did you mean "us-west-2"?',
      ],
      [{ experimentId: 'exp-1', limitSeconds: 'soon' }, 'limitSeconds: is no duration'],
    ])('refuses %j in one line', async (input, line) => {
      const refusal = bench().run('admitCleanup', input);

      await expect(refusal).rejects.toMatchObject({ type: 'InvalidInput', nonRetryable: true });
      await expect(refusal).rejects.toThrow(line);
      await expect(refusal).rejects.toThrow(/^[^\n]*$/);
    });

    it('says so when the regions cannot be listed, and does not take that for no regions', async () => {
      const { run } = bench([], { unreadable: ['*'] });

      await expect(run('admitCleanup', { experimentId: 'exp-1' })).resolves.toMatchObject({
        regions: [],
        regionsUnreadable: 'DescribeRegions: UnauthorizedOperation',
      });
      await expect(run('admitCleanup', { experimentId: 'exp-1', regions: ['us-west-2'] })).resolves.toMatchObject({
        regions: ['us-west-2'],
      });
    });
  });

  it.each(['discoverResources', 'removeResources', 'observeRemaining'] as const)(
    '%s hands the task back when the worker acts on another account',
    async (name) => {
      const { run, calls } = bench([], { account: '999999999999' });
      const input = {
        ...where,
        depth: 'full',
        seen: {},
        type: 'instance',
        ids: ['i-1'],
        entries: {},
        heardAt: longAgo,
        deadline: soon(),
      } as never;

      await expect(run(name, input)).rejects.toMatchObject({ type: 'ForeignWorker', nonRetryable: false });
      expect(calls).toEqual({ discover: [], remove: [], mutations: 0 });
    },
  );

  describe('discoverResources', () => {
    it('finds what carries both tags with the exact id, and nothing of its namesakes', async () => {
      const ids = ['exp-1', 'exp-10', 'EXP-1', 'exp-*'];
      const mine = ids.map((ExperimentID, index) =>
        memoryResource({ type: 'volume', id: `vol-${String(index)}`, tags: { ExperimentID, ManagedBy: 'holdfast' } }),
      );
      const half = memoryResource({ type: 'volume', id: 'vol-half', tags: { ExperimentID: 'exp-1' } });

      const reply = await bench([...mine, half]).run('discoverResources', { ...where, depth: 'full', seen: {} });

      expect(found(reply).map((one) => one.id)).toEqual(['vol-0']);
      expect(found(reply)[0]).not.toHaveProperty('tags');
    });

    it('answers what could not be read instead of failing', async () => {
      const { run } = bench([], { unreadable: ['us-west-2/volume'] });

      const { sources } = await run('discoverResources', { ...where, depth: 'full', seen: {} });

      expect(sources.filter((source) => source.unreadable !== undefined).map((source) => source.subject)).toEqual([
        'volume',
      ]);
    });

    it('tries again where trying may help, and after a few tries goes on without', async () => {
      const { cloud } = memoryCloud([]);
      const failing = {
        api: 'DescribeVolumes',
        subject: 'volume',
        pages: 0,
        live: 0,
        unreadable: '503',
        transient: true,
      };
      const inventory = {
        ...cloud.inventory('us-west-2'),
        discover: () => Promise.resolve({ resources: [], sources: [failing] }),
      };
      const { discoverResources } = guard(
        createCleanupActivities({ cloud: { ...cloud, inventory: () => inventory }, results: createFolderStore(root) }),
      );
      const look = (attempt: number) =>
        new MockActivityEnvironment({ attempt }, { logger }).run(discoverResources, {
          ...where,
          depth: 'full' as const,
          seen: {},
        });

      await expect(look(1)).rejects.toMatchObject({ type: 'ServiceUnavailable', nonRetryable: false });
      await expect(look(4)).resolves.toMatchObject({ sources: [failing] });
    });
  });

  describe('removeResources', () => {
    it('asks for what lives, and not for what is ending or gone', async () => {
      const resources = [
        memoryResource({ type: 'instance', id: 'i-1', endsAfterMs: 60_000 }),
        memoryResource({ type: 'instance', id: 'i-2', endsAfterMs: 60_000, endsAt: Date.now() + 60_000 }),
      ];
      const { run, calls } = bench(resources);

      const { removals } = await run('removeResources', { ...where, type: 'instance', ids: ['i-1', 'i-2', 'i-3'] });

      expect(calls.remove).toEqual([['i-1']]);
      expect(Object.fromEntries(removals.map((one) => [one.id, one.outcome]))).toEqual({
        'i-1': 'asked',
        'i-2': 'asked',
        'i-3': 'gone',
      });
    });

    it('does not ask twice for what a try with a lost reply already ended', async () => {
      const { run, calls } = bench([memoryResource({ type: 'instance', id: 'i-1', endsAfterMs: 60_000 })], {
        lostReplies: 1,
      });
      const input = { ...where, type: 'instance', ids: ['i-1'] };

      await expect(run('removeResources', input)).rejects.toMatchObject({
        type: 'ServiceUnavailable',
        nonRetryable: false,
      });
      await expect(run('removeResources', input, 2)).resolves.toMatchObject({
        removals: [{ id: 'i-1', outcome: 'asked' }],
      });

      expect(calls.mutations).toBe(1);
    });

    it('leaves alone what lost its tags since it was seen, or became protected', async () => {
      const resources = [
        memoryResource({ type: 'volume', id: 'vol-1', tags: { ExperimentID: 'exp-1' } }),
        memoryResource({ type: 'volume', id: 'vol-2', protectedBy: 'tag DoNotDelete' }),
      ];
      const { run, calls } = bench(resources);

      const { removals } = await run('removeResources', { ...where, type: 'volume', ids: ['vol-1', 'vol-2'] });

      expect(removals.map((one) => one.outcome)).toEqual(['protected', 'protected']);
      expect(calls.mutations).toBe(0);
    });
  });

  describe('observeRemaining', () => {
    const ending = memoryResource({ type: 'instance', id: 'i-1', endsAt: Date.now() + 600_000, endsAfterMs: 0 });
    const volume = memoryResource({ type: 'volume', id: 'vol-1', neededBy: ['i-1'] });
    const entriesOf = (
      resources: (MemoryResource & Pick<Entry, 'askedAt'>)[],
      state: Entry['state'],
    ): Sightings<Entry> =>
      packed(
        foldSeen(
          {},
          resources.map(({ tags: _tags, endsAfterMs: _after, endsAt, ...rest }) => ({
            ...rest,
            state: endsAt === undefined ? ('live' as const) : state,
            seen: 'x',
          })),
          new Date().toISOString(),
        ),
      );

    it('says "not yet" benignly, later the longer it takes, and never later than the deadline', async () => {
      const { run } = bench([ending, volume]);
      const pauseOf = async (askedAgoMs: number, deadline: string): Promise<unknown> => {
        const entries = entriesOf([{ ...ending, askedAt: Date.now() - askedAgoMs }, volume], 'ending');
        const refusal = run('observeRemaining', { ...where, entries, heardAt: longAgo, deadline });
        await expect(refusal).rejects.toMatchObject({ type: 'NotReady', nonRetryable: false, category: 'BENIGN' });
        return refusal.catch((error: unknown) => (error as { nextRetryDelay: number }).nextRetryDelay);
      };

      expect(await pauseOf(0, soon())).toBe(250);
      expect(Number(await pauseOf(10_000, soon())) / 10_000).toBeCloseTo(1, 1);
      expect(await pauseOf(600_000, soon())).toBe(15_000);
      expect(await pauseOf(600_000, new Date(Date.now() + 500).toISOString())).toBeLessThanOrEqual(500);
    });

    it('does not look again at once after what was just heard of a long wait', async () => {
      const gone = { ...ending, askedAt: Date.now() - 60_000, endsAt: Date.now() - 1 };
      const { run } = bench([gone]);
      const wait = (heardAgoMs: number) =>
        run('observeRemaining', {
          ...where,
          entries: entriesOf([gone], 'ending'),
          heardAt: new Date(Date.now() - heardAgoMs).toISOString(),
          deadline: soon(),
        });

      await expect(wait(5000)).rejects.toMatchObject({ type: 'NotReady' });
      expect(found(await wait(16_000)).map(({ state }) => state)).toEqual(['gone']);
    });

    it('returns when something is gone', async () => {
      const gone = { ...ending, endsAt: Date.now() - 1 };
      const other = { ...ending, id: 'i-2' };
      const { run } = bench([gone, other, volume]);

      const seen = await run('observeRemaining', {
        ...where,
        entries: entriesOf([gone, other, volume], 'ending'),
        heardAt: longAgo,
        deadline: soon(),
      });

      expect(Object.fromEntries(found(seen).map((one) => [one.id, one.state]))).toEqual({
        'i-1': 'gone',
        'i-2': 'ending',
      });
    });

    it('looks at once at what ends with an owner that is found gone', async () => {
      const gone = { ...ending, endsAt: Date.now() - 1 };
      const child = memoryResource({ type: 'volume', id: 'vol-2', diesWith: 'i-1' });
      const { run } = bench([gone, child]);

      const seen = await run('observeRemaining', {
        ...where,
        entries: entriesOf([gone, child], 'ending'),
        heardAt: longAgo,
        deadline: soon(),
      });

      expect(found(seen).map(({ id, state }) => `${id} ${state}`)).toEqual(['i-1 gone', 'vol-2 gone']);
    });

    it('looks once more after the deadline and then answers', async () => {
      const { run } = bench([ending]);
      const input = {
        ...where,
        entries: entriesOf([ending], 'ending'),
        heardAt: soon(),
        deadline: new Date(Date.now() - 60_000).toISOString(),
      };

      await expect(run('observeRemaining', input)).resolves.toMatchObject({
        found: { instance: { 'ending ending': ['i-1'] } },
      });
    });
  });

  describe('keeping a certificate', () => {
    const first: CertificateFrame = {
      format: CERTIFICATE_FORMAT,
      experimentId: 'exp-1',
      account: target.account,
      verdict: 'clean',
      regions: ['us-west-2'],
      cells: [],
      left: [],
      startedAt: '2026-01-01T00:00:00.000Z',
      finishedAt: '2026-01-01T00:00:01.000Z',
    };
    const entry = (id: string): CertificateEntry => ({
      region: 'us-west-2',
      type: 'volume',
      id,
      state: 'gone',
      evidence: 'not found',
      at: first.startedAt,
    });
    const save = (frame: CertificateFrame, parts: string[] = []): Promise<{ document: string; digest: string }> =>
      bench().run('saveCertificate', { frame, parts, resources: [entry('vol-9')] });

    it('keeps it whole, with a digest of exactly what is kept', async () => {
      const { document, digest } = await save(first);

      const text = await readFile(document, 'utf8');
      expect(JSON.parse(text)).toEqual({ ...first, resources: [entry('vol-9')] });
      expect(digest).toBe(createHash('sha256').update(text).digest('hex'));
    });

    it('puts parts together in their order, and names every leftover of any of them', async () => {
      const left = { ...entry('vol-1'), state: 'live' as const, evidence: 'exists' };
      const part = { experimentId: 'exp-1', name: 'run-1', resources: [left, entry('vol-2')] };
      await bench().run('saveCertificatePart', part);

      const { document } = await save({ ...first, verdict: 'blocked' }, ['run-1']);

      const kept = JSON.parse(await readFile(document, 'utf8')) as Certificate;
      expect(kept.resources.map((one) => one.id)).toEqual(['vol-1', 'vol-2', 'vol-9']);
      expect(kept.left).toEqual(['us-west-2 volume vol-1: exists']);
    });

    it('keeps nothing when a part is missing', async () => {
      const frame = { ...first, finishedAt: '2026-01-09T00:00:00.000Z' };

      await expect(save(frame, ['run-never'])).rejects.toThrow(/part run-never of the certificate/);
      const folder = createFolderStore(root).location('exp-1');
      await expect(readFile(join(folder, 'certificate-20260109T000000000Z.json'))).rejects.toThrow(/ENOENT/);
    });

    it('leaves the one of an earlier cleanup as it was, and certificate.json is the newest', async () => {
      const second: CertificateFrame = { ...first, verdict: 'unproven', finishedAt: '2026-01-02T00:00:01.000Z' };
      const earlier = await save(first);
      const later = await save(second);

      const verdictAt = async (path: string): Promise<string> =>
        (JSON.parse(await readFile(path, 'utf8')) as Certificate).verdict;
      expect(await verdictAt(earlier.document)).toBe('clean');
      expect(await verdictAt(later.document)).toBe('unproven');
      expect(await verdictAt(join(dirname(later.document), 'certificate.json'))).toBe('unproven');
    });
  });
});
