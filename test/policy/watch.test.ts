import fc from 'fast-check';
import { watch, type Look, type News, type Watch } from '../../src/policy/watch';
import { dueSources, nextLookMs, WATCH_SOURCES } from '../../src/policy/watch-pace';

const NOON = Date.parse('2026-01-31T12:00:00Z');
const at = (seconds: number): string => new Date(NOON + seconds * 1000).toISOString();
const EMPTY: Watch = { nodes: {}, known: [] };

type Step = Omit<Partial<Look>, 'at'>;

const found = (...nodes: [id: string, owner: string][]): Step => ({
  found: nodes.map(([instanceId, owner]) => ({ instanceId, owner })),
});
const spot = (instanceId: string, code: string, seconds: number): Step => ({
  spot: [{ instanceId, code, at: at(seconds) }],
});
const state = (instanceId: string, name: string, stateReason?: string): Step => ({
  instances: {
    asked: [instanceId],
    seen: [{ instanceId, state: name, ...(stateReason === undefined ? {} : { stateReason }) }],
  },
});
const unknown = (instanceId: string): Step => ({ instances: { asked: [instanceId], seen: [] } });

/** Folds looks that are five seconds apart; gives the news of each. */
function play(steps: Step[], everySeconds = 5): { watch: Watch; news: News[][] } {
  let now = EMPTY;
  const news = steps.map((step, index) => {
    const folded = watch(now, { region: 'us-west-2', at: at(index * everySeconds), ...step });
    now = folded.watch;
    return folded.news;
  });
  return { watch: now, news };
}

/** The kinds told with each look. */
const kinds = (steps: Step[], everySeconds?: number): string[][] =>
  play(steps, everySeconds).news.map((news) => news.flatMap((one) => one.interruptions.map(({ kind }) => kind)));

describe('the watch over a region', () => {
  it('tells the owner of a node what its spot request says, with the times that AWS gives', () => {
    const { news } = play([found(['i-1', 'exp-a']), spot('i-1', 'instance-terminated-no-capacity', 3)]);

    expect(news).toEqual([
      [],
      [
        {
          owner: 'exp-a',
          interruptions: [
            {
              instanceId: 'i-1',
              region: 'us-west-2',
              kind: 'reclaim',
              source: 'spot-request',
              reason: 'instance-terminated-no-capacity',
              noticeAt: at(3),
              detectedAt: at(5),
              endsAt: at(123),
            },
          ],
        },
      ],
    ]);
  });

  it('tells one loss once, from the notice to the last that is seen of the node', () => {
    const steps = [
      found(['i-1', 'exp-a']),
      spot('i-1', 'marked-for-termination', 8),
      spot('i-1', 'marked-for-termination', 8),
      state('i-1', 'shutting-down', 'Server.SpotInstanceTermination'),
      spot('i-1', 'instance-terminated-no-capacity', 128),
      state('i-1', 'terminated', 'Server.SpotInstanceTermination'),
      unknown('i-1'),
    ];
    expect(kinds(steps)).toEqual([[], ['reclaim'], [], [], [], [], []]);
    expect(play(steps).watch.nodes).toEqual({});
  });

  it('tells an end that nobody announced, with EC2’s reason', () => {
    const { news } = play([found(['i-1', 'exp-a']), state('i-1', 'terminated', 'Client.UserInitiatedShutdown')]);
    expect(news[1]?.[0]?.interruptions).toMatchObject([
      { kind: 'ended', source: 'instance', reason: 'Client.UserInitiatedShutdown', noticeAt: at(5) },
    ]);
  });

  it('tells an end whose notice went by unseen as ended, at the time of the notice', () => {
    const both = { ...spot('i-1', 'instance-terminated-no-capacity', -300), ...state('i-1', 'shutting-down') };
    expect(play([found(['i-1', 'exp-a']), both]).news[1]?.[0]?.interruptions).toMatchObject([
      { kind: 'ended', reason: 'instance-terminated-no-capacity', noticeAt: at(-300) },
    ]);
  });

  it('tells a node that stops, runs and stops again twice, however long each takes', () => {
    const steps = [
      found(['i-1', 'exp-a']),
      state('i-1', 'stopping', 'Client.UserInitiatedShutdown'),
      ...Array.from({ length: 100 }, () => state('i-1', 'stopped', 'Client.UserInitiatedShutdown')),
      state('i-1', 'running'),
      state('i-1', 'stopped', 'Client.UserInitiatedShutdown'),
    ];
    expect(kinds(steps).flat()).toEqual(['ended', 'ended']);
  });

  it('tells it twice also when it was back within the time of a notice', () => {
    const steps = [
      found(['i-1', 'exp-a']),
      ...['stopped', 'stopped', 'running', 'stopped'].map((name) => state('i-1', name)),
    ];
    expect(kinds(steps)).toEqual([[], ['ended'], [], [], ['ended']]);
  });

  it('tells of a node that is down nothing but that', () => {
    const troubled = { troubles: [{ instanceId: 'i-1', impaired: true, events: [{ code: 'instance-stop' }] }] };
    expect(kinds([found(['i-1', 'a']), { ...state('i-1', 'stopping'), ...troubled }]).flat()).toEqual(['ended']);
  });

  it('tells a second real notice after the first has passed', () => {
    const steps = [
      found(['i-1', 'exp-a']),
      spot('i-1', 'marked-for-stop', 60),
      spot('i-1', 'fulfilled', 600),
      spot('i-1', 'marked-for-stop', 3600),
    ];
    expect(kinds(steps, 1200).flat()).toEqual(['reclaim', 'reclaim']);
  });

  it('believes that a node is gone when EC2 does not know it twice in a row, and not before', () => {
    expect(
      kinds([found(['i-1', 'a']), unknown('i-1'), state('i-1', 'running'), unknown('i-1'), unknown('i-1')]),
    ).toEqual([[], [], [], [], ['ended']]);
  });

  it('says nothing of waiting, fulfilled, cancelled and unlisted requests', () => {
    const codes = [
      'fulfilled',
      'pending-evaluation',
      'request-canceled-and-instance-running',
      'system-error',
      'new-word',
    ];
    const steps = codes.map((code) => spot('i-1', code, 0));
    expect(kinds([found(['i-1', 'a']), ...steps]).flat()).toEqual([]);
  });

  it('ignores nodes it has not discovered', () => {
    const foreign = {
      ...spot('i-9', 'instance-terminated-no-capacity', 0),
      troubles: [{ instanceId: 'i-9', impaired: true, events: [] }],
    };
    expect(kinds([found(['i-1', 'a']), foreign, state('i-9', 'terminated')]).flat()).toEqual([]);
  });

  it('sends each owner one entry with all of its own', () => {
    const { news } = play([
      found(['i-1', 'a'], ['i-2', 'b'], ['i-3', 'a']),
      { spot: ['i-1', 'i-2', 'i-3'].map((instanceId) => ({ instanceId, code: 'marked-for-termination', at: at(1) })) },
    ]);
    expect(news[1]?.map(({ owner, interruptions }) => [owner, interruptions.map((one) => one.instanceId)])).toEqual([
      ['a', ['i-1', 'i-3']],
      ['b', ['i-2']],
    ]);
  });

  it('tells failed status checks and planned events once, and again when they come back', () => {
    const impaired = { troubles: [{ instanceId: 'i-1', impaired: true, impairedSince: at(1), events: [] }] };
    const again = { troubles: [{ instanceId: 'i-1', impaired: true, impairedSince: at(500), events: [] }] };
    const undated = { troubles: [{ instanceId: 'i-1', impaired: true, events: [] }] };
    const planned = {
      troubles: [{ instanceId: 'i-1', impaired: false, events: [{ code: 'instance-retirement', notBefore: at(9e5) }] }],
    };
    expect(kinds([found(['i-1', 'a']), impaired, impaired, { troubles: [] }, again, again])).toEqual([
      [],
      ['impaired'],
      [],
      [],
      ['impaired'],
      [],
    ]);
    expect(kinds([found(['i-1', 'a']), undated, undated, undated]).flat()).toEqual(['impaired']);
    expect(kinds([found(['i-1', 'a']), planned, { troubles: [] }, planned]).flat()).toEqual(['maintenance']);
  });

  it('tells of a host that fails its status checks for five minutes as of an unhealthy one, once', () => {
    const impaired = { troubles: [{ instanceId: 'i-1', impaired: true, impairedSince: at(60), events: [] }] };
    const looks = [found(['i-1', 'a']), ...Array.from({ length: 8 }, () => impaired)];

    const { news } = play(looks, 60);

    expect(kinds(looks, 60)).toEqual([[], ['impaired'], [], [], [], [], ['unhealthy'], [], []]);
    expect(news.flat().at(-1)?.interruptions).toMatchObject([
      { kind: 'unhealthy', source: 'instance-status', reason: 'impaired', noticeAt: at(60), detectedAt: at(360) },
    ]);
  });

  it('gives up no host that was impaired before the status went unread for a while, or that recovered', () => {
    const impaired = { troubles: [{ instanceId: 'i-1', impaired: true, impairedSince: at(60), events: [] }] };
    const unread = Array.from({ length: 10 }, () => ({}));
    const seen = [found(['i-1', 'a']), impaired, ...unread, { troubles: [] }, ...unread];
    expect(kinds(seen, 60).flat()).toEqual(['impaired']);
  });

  it('forgets, so that what it carries does not grow with the nodes that ever lived', () => {
    const steps = Array.from({ length: 300 }, (_, index) => ({
      ...found([`i-${String(index)}`, 'a']),
      ...(index === 0 ? {} : state(`i-${String(index - 1)}`, 'terminated', 'Client.UserInitiatedShutdown')),
    }));
    const { watch: end, news } = play(steps, 60);
    expect(news.flat()).toHaveLength(299);
    expect(Object.keys(end.nodes)).toHaveLength(1);
    expect(end.known.length).toBeLessThanOrEqual(61);
  });

  it('tells nothing twice when a look is repeated, whatever it showed', () => {
    const step = fc.oneof(
      fc.constantFrom('running', 'stopped', 'shutting-down', 'terminated').map((name) => state('i-1', name)),
      fc
        .tuple(fc.constantFrom('fulfilled', 'marked-for-stop', 'instance-terminated-no-capacity'), fc.nat(5000))
        .map(([code, seconds]) => spot('i-1', code, seconds)),
      fc.constant(unknown('i-1')),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 15 }), (steps) => {
        const { watch: before } = play([found(['i-1', 'a']), ...steps]);
        const look: Look = { region: 'us-west-2', at: at(6000), ...steps.at(-1) };
        const once = watch(before, look);
        const missingFirst = look.instances?.seen.length === 0;
        if (!missingFirst) expect(watch(once.watch, look).news).toEqual([]);
      }),
    );
  });
});

describe('the pace of a watch', () => {
  const every = { discovery: 15, spot: 5, instances: 15, status: 60, agents: 60 };

  it('looks at everything first, then at each source in its own time', () => {
    expect(dueSources({}, every, NOON)).toEqual([...WATCH_SOURCES]);
    const lookedAt = Object.fromEntries(WATCH_SOURCES.map((source) => [source, NOON]));
    expect(dueSources(lookedAt, every, NOON + 4000)).toEqual([]);
    expect(dueSources(lookedAt, every, NOON + 5000)).toEqual(['spot']);
    expect(dueSources(lookedAt, every, NOON + 15_000)).toEqual(['discovery', 'spot', 'instances']);
    expect(nextLookMs(lookedAt, every, NOON + 1000)).toBe(4000);
    expect(nextLookMs(lookedAt, every, NOON + 9000)).toBe(1);
  });
});
